import type { Call } from "../support/ScriptedUpstream.js"
import type { Seen, Task } from "./Normal.js"

/** One way in which a backend may answer, and what every client must make of it. */
export interface Shape {
  /** In words; unique. */
  readonly name: string
  /** What it proves: quirk numbers of docs/wire.md §5 as `5.1`, its other sections with words of their own. */
  readonly proves: ReadonlyArray<string>
  /** The backend's bytes, whether a stream was asked for or not. */
  readonly answer: (call: Call) => void
  readonly expected: Expected
  readonly kind?: Task["kind"]
  /** Which backend entry of the matrix serves it. */
  readonly backend?: BackendName
  /** In which ways it is asked for; both when nothing is said. */
  readonly asked?: ReadonlyArray<"stream" | "whole">
  /** Whether usage is asked for in streams, as it is when nothing is said; `unasked` comes all the same. */
  readonly usage?: false | "unasked"
  readonly history?: Task["history"]
  /** False for what the `.stream()` helper of openai cannot assemble from anybody. */
  readonly helper?: false
  /** Why it cannot be compared with what the client reads when it asks the backend itself. */
  readonly direct?: string
  /** The clients that cannot take part, and why. */
  readonly unable?: Readonly<Partial<Record<ClientName, string>>>
}

/** A shape of these. */
export const shapeOf = (
  name: string,
  proves: ReadonlyArray<string>,
  answer: Shape["answer"],
  expected: Expected,
  more: Partial<Shape> = {}
): Shape => ({ name, proves, answer, expected, ...more })

export type ClientName = "openai 6" | "openai 7" | "AI SDK" | "LangChain"

/**
 * `plain` has the default timeouts, `hasty` short ones, `azure` a query in its URL and a key among its headers, `deployed`
 * a URL for each model and a key header; the others are said to differ from OpenAI in a way of their own.
 */
export type BackendName = "plain" | "hasty" | "azure" | "deployed" | "renaming" | "strict" | "nine" | "shy" | "growing"

/**
 * The error that a client must report: its message contains `message`, and it has at least these further fields; the code
 * is not looked at where none is given.
 */
export interface ToldError {
  readonly status: number | null
  readonly message: string
  readonly code?: string | null | undefined
  readonly fields?: Readonly<Record<string, unknown>>
}

export type Expected =
  /** The answer, exactly, and at least these extras; `reasoningKey` is the backend's name for the reasoning. */
  | { readonly _tag: "Answer"; readonly seen: Seen; readonly reasoningKey: "reasoning_content" | "reasoning" }
  /** An HTTP error; streamed and not. */
  | { readonly _tag: "Refused"; readonly error: ToldError }
  /** The beginning of the text and an error inside the stream; an HTTP error when not streamed. */
  | { readonly _tag: "Broken"; readonly text: string; readonly error: ToldError; readonly whole: ToldError }

const blank: Seen = {
  text: "",
  reasoning: "",
  refusal: "",
  toolCalls: [],
  finish: "stop",
  usage: null,
  logprobs: [],
  transcript: "",
  others: [],
  extras: {},
  error: null
}

export const usage = (prompt: number, completion: number, total = prompt + completion): Seen["usage"] => ({
  prompt,
  completion,
  total
})

/** An answer with this text that stopped by itself, except as said. */
export const answers = (
  text: string,
  more: Partial<Seen> & { readonly reasoningKey?: "reasoning_content" | "reasoning" } = {}
): Expected => {
  const { reasoningKey = "reasoning_content", ...seen } = more
  return { _tag: "Answer", seen: { ...blank, text, ...seen }, reasoningKey }
}

/** The same for calls of tools. */
export const calls = (toolCalls: Seen["toolCalls"], more: Parameters<typeof answers>[1] = {}): Expected =>
  answers("", { toolCalls, finish: "tool_calls", ...more })

export const refused = (
  status: number,
  message: string,
  code: string | null = null,
  fields: Readonly<Record<string, unknown>> = {}
): Expected => ({ _tag: "Refused", error: { status, message, code, fields } })

/** The same with whatever code. */
export const rejected = (status: number, message: string): Expected => ({
  _tag: "Refused",
  error: { status, message }
})

/** No valid answer: nothing was committed. */
export const invalid = refused(502, "could not be reached or sent no valid answer", "upstream_unavailable")

/** The backend failed: what it said stays with the operator. */
export const failed = refused(502, "The model provider failed.", "upstream_error")

/** The stream ended in the middle of the answer. */
export const broke = (text: string): Expected => ({
  _tag: "Broken",
  text,
  error: { status: null, message: "stream ended in the middle of the answer", code: "upstream_broke" },
  whole: { status: 502, message: "could not be reached or sent no valid answer", code: "upstream_unavailable" }
})

/** The backend reported an error in the middle of the answer; where no stream was asked for, with this status. */
export const errored = (text: string, message: string, code?: string | null, status = 502): Expected => ({
  _tag: "Broken",
  text,
  error: { status: null, message, code },
  whole: { status, message, code }
})

/** One event, as it stands on the wire. */
export const frame = (data: object | string): string =>
  `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`

export const done = "data: [DONE]\n\n"

/** A stream of these bytes; objects are events. */
export const stream =
  (...pieces: ReadonlyArray<object | string>) =>
  (call: Call): void => {
    call.open()
    call.write(pieces.map((piece) => (typeof piece === "string" ? piece : frame(piece))).join(""))
    call.end()
  }

/** A stream whose second part comes when the first is on its way, so that the answer has been committed. */
export const late =
  (first: ReadonlyArray<object | string>, then: (call: Call) => void) =>
  (call: Call): void => {
    call.open()
    const text = first.map((piece) => (typeof piece === "string" ? piece : frame(piece))).join("")
    call.response.write(text, () => setTimeout(() => then(call), 30))
  }

/** A JSON answer with this status. */
export const json =
  (body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}) =>
  (call: Call): void =>
    call.json(status, body, headers)

/** Any body. */
export const raw =
  (status: number, headers: Readonly<Record<string, string>>, body: string | Uint8Array) =>
  (call: Call): void => {
    call.response.writeHead(status, headers)
    call.response.end(body)
  }
