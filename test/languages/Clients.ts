import * as fs from "node:fs"
import type { Case } from "./Case.js"

export const languages = ["curl", "python", "go", "java", "rust"] as const

export type Language = (typeof languages)[number]

/** A client library, or what stands for one: the program that uses it. */
export interface Client {
  readonly name: string
  readonly language: Language
  /** What `run.mjs` has to have prepared: an environment or a binary. */
  readonly toolchain: string
  /** What the program is told to use. */
  readonly argument: string
  /** The lock file and the name in it, whose version is shown. */
  readonly pinned: readonly [file: string, name: string] | undefined
  /** What it cannot be asked for, and why. */
  readonly lacks: ReadonlyArray<readonly [what: Lack, reason: string]>
}

/** What not every client knows. */
export type Lack = "stream" | "tools" | "two" | "two-streamed"

const python = (
  version: 2 | 3,
  argument: string,
  name: string,
  pinned: string,
  lacks: Client["lacks"] = []
): Client => ({
  name,
  language: "python",
  toolchain: `python/openai${version}`,
  argument,
  pinned: [`python/openai${version}.txt`, pinned],
  lacks
})

const go = (argument: string, module: string): Client => ({
  name: argument,
  language: "go",
  toolchain: "go",
  argument,
  pinned: ["go/go.mod", module],
  lacks: []
})

const java = (argument: string, pinned: Client["pinned"], lacks: Client["lacks"] = []): Client => ({
  name: argument,
  language: "java",
  toolchain: "java",
  argument,
  pinned,
  lacks
})

const oneChoice = "it knows one choice only"

export const clients: ReadonlyArray<Client> = [
  { name: "curl", language: "curl", toolchain: "curl", argument: "curl", pinned: undefined, lacks: [] },
  python(3, "openai_sdk", "openai 3", "openai"),
  python(2, "openai_sdk", "openai 2", "openai"),
  python(3, "openai_helper", "openai 3 .stream()", "openai"),
  python(3, "by_requests", "requests", "requests"),
  python(3, "by_aiohttp", "aiohttp", "aiohttp"),
  python(3, "langchain_chat", "LangChain", "langchain-openai", [["two-streamed", oneChoice]]),
  python(3, "pydantic_client", "pydantic-ai", "pydantic-ai-slim", [["two", oneChoice]]),
  python(3, "agents_sdk", "openai-agents", "openai-agents", [["two", oneChoice]]),
  python(2, "instructor_client", "instructor", "instructor", [["two", oneChoice]]),
  python(2, "litellm_client", "litellm", "litellm"),
  python(2, "llama", "llama-index", "llama-index-llms-openai-like", [["two", oneChoice]]),
  python(2, "dspy_client", "dspy", "dspy", [["stream", "its streams want an answer in its own form"]]),
  go("openai-go", "github.com/openai/openai-go/v3"),
  go("go-openai", "github.com/sashabaranov/go-openai"),
  java("openai-java", ["java/pom.xml", "openai-java"]),
  java("langchain4j", ["java/pom.xml", "langchain4j-open-ai"], [["two", oneChoice]]),
  java("java.net.http", undefined),
  {
    name: "async-openai",
    language: "rust",
    toolchain: "rust",
    argument: "async-openai",
    pinned: ["rust/Cargo.toml", "async-openai"],
    lacks: []
  }
]

/** Why this client is not asked for this case, if it is not. */
export const unable = ({ lacks }: Client, { asked }: Case): string | undefined => {
  const wants: Readonly<Record<Lack, boolean>> = {
    stream: asked.stream === true,
    tools: asked.tools === true,
    two: asked.n === 2,
    "two-streamed": asked.n === 2 && asked.stream === true
  }
  return lacks.find(([what]) => wants[what])?.[1]
}

/** The version that a client is pinned to. */
export const versionOf = ({ pinned }: Client): string => {
  if (pinned === undefined) return "the one that is there"
  const [file, name] = pinned
  const text = fs.readFileSync(new URL(file, import.meta.url), "utf8")
  const [, rest = ""] = text.split(between(file, name))
  return /^\D*(\d+(\.\d+)+)/.exec(rest)?.[1] ?? "?"
}

/** What stands before the version in this kind of file. */
const between = (file: string, name: string): string => {
  if (file.endsWith(".txt")) return `\n${name}==`
  if (file.endsWith(".xml")) return `<artifactId>${name}</artifactId>`
  return file.endsWith(".toml") ? `\n${name} =` : `\t${name} v`
}
