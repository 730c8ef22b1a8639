import { isDeepStrictEqual } from "node:util"
import type { Mode, Seen, SeenError } from "./Normal.js"
import type { ClientName, Shape } from "./Shape.js"

/** What is wrong with what a client saw; empty when it saw exactly what it must. */
export const verdict = (shape: Shape, client: ClientName, mode: Mode, seen: Seen): ReadonlyArray<string> => {
  const { expected } = shape
  switch (expected._tag) {
    case "Refused":
      return errorIssues(expected.error, seen)
    case "Broken":
      return mode === "whole"
        ? errorIssues(expected.whole, seen)
        : [
            ...errorIssues(expected.error, seen),
            ...(mode === "helper" || seen.text === expected.text ? [] : [differs("text", expected.text, seen.text)])
          ]
    case "Answer":
      return answerIssues(shape, client, mode, seen)
  }
}

const errorIssues = (expected: SeenError, { error }: Seen): ReadonlyArray<string> => {
  if (error === null) return ["no error"]
  return [
    ...(error.message.includes(expected.message) ? [] : [differs("error.message", expected.message, error.message)]),
    ...(error.status === expected.status ? [] : [differs("error.status", expected.status, error.status)]),
    ...(error.code === expected.code ? [] : [differs("error.code", expected.code, error.code)])
  ]
}

const fields = [
  "error",
  "text",
  "reasoning",
  "refusal",
  "toolCalls",
  "finish",
  "usage",
  "logprobs",
  "transcript",
  "others"
] as const

const answerIssues = (shape: Shape, client: ClientName, mode: Mode, seen: Seen): ReadonlyArray<string> => {
  if (shape.expected._tag !== "Answer") return []
  const asked: Seen =
    mode !== "whole" && shape.usage === false ? { ...shape.expected.seen, usage: null } : shape.expected.seen
  const expected = throughClient(client, asked, shape.expected.reasoningKey)
  const hidden = invisible(client, mode, shape.kind ?? "chat")
  return fields
    .filter((field) => !hidden.includes(field) && !isDeepStrictEqual(expected[field], seen[field]))
    .map((field) => differs(field, expected[field], seen[field]))
}

/** What a client makes of a right answer by its own rules. */
const throughClient = (client: ClientName, seen: Seen, reasoningKey: "reasoning_content" | "reasoning"): Seen => {
  switch (client) {
    case "openai 6":
    case "openai 7":
      return seen
    case "AI SDK":
      // Shows a refusal as text, and takes it for a filter's work.
      return seen.refusal === "" ? seen : { ...seen, text: seen.refusal, refusal: "", finish: "content_filter" }
    case "LangChain":
      // Knows one of the two names of reasoning.
      return reasoningKey === "reasoning" ? { ...seen, reasoning: "" } : seen
  }
}

/** What a client cannot show, whatever the answer. */
const invisible = (
  client: ClientName,
  mode: Mode,
  kind: "chat" | "completion"
): ReadonlyArray<(typeof fields)[number]> => {
  switch (client) {
    case "openai 6":
    case "openai 7":
      // The helper keeps only the last piece of what it does not know.
      return mode === "helper" ? ["reasoning"] : []
    case "AI SDK":
      return ["logprobs", "transcript", "others"]
    case "LangChain": {
      const never = ["refusal", "logprobs", "transcript", "others"] as const
      // Its old completions stream text and nothing else.
      return kind === "completion" && mode === "stream" ? [...never, "finish", "usage"] : never
    }
  }
}

const differs = (field: string, expected: unknown, seen: unknown): string =>
  `${field}: expected ${show(expected)}, saw ${show(seen)}`

const show = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "nothing"
  return text.length > 160 ? `${text.slice(0, 157)}…` : text
}
