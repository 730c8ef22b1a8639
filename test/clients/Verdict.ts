import { isDeepStrictEqual } from "node:util"
import type { Mode, Seen, SeenError } from "./Normal.js"
import type { ClientName, Shape, ToldError } from "./Shape.js"

/** What is wrong with what a client saw; empty when it saw exactly what it must. */
export const verdict = (shape: Shape, client: ClientName, mode: Mode, seen: Seen): ReadonlyArray<string> => {
  const { expected } = shape
  switch (expected._tag) {
    case "Refused":
      return errorIssues(client, expected.error, seen)
    case "Broken":
      return mode === "whole"
        ? errorIssues(client, expected.whole, seen)
        : [
            ...errorIssues(client, expected.error, seen),
            ...(mode === "helper" || seen.text === expected.text ? [] : [differs("text", expected.text, seen.text)])
          ]
    case "Answer":
      return answerIssues(shape, client, mode, seen)
  }
}

const errorIssues = (client: ClientName, expected: ToldError, { error }: Seen): ReadonlyArray<string> => {
  if (error === null) return ["no error"]
  return [
    ...(error.message.includes(expected.message) ? [] : [differs("error.message", expected.message, error.message)]),
    ...(error.status === expected.status ? [] : [differs("error.status", expected.status, error.status)]),
    ...(expected.code === undefined || error.code === expected.code
      ? []
      : [differs("error.code", expected.code, error.code)]),
    ...(showsFields(client, error) ? missing("error", expected.fields ?? {}, error.fields) : [])
  ]
}

// Of an error inside a stream the AI SDK keeps what its schema has.
const showsFields = (client: ClientName, { status }: SeenError): boolean => client !== "AI SDK" || status !== null

/** What must be there besides, field by field. */
const missing = (
  where: string,
  expected: Readonly<Record<string, unknown>>,
  seen: Readonly<Record<string, unknown>>
): ReadonlyArray<string> =>
  Object.entries(expected)
    .filter(([key, value]) => !isDeepStrictEqual(seen[key], value))
    .map(([key, value]) => differs(`${where}.${key}`, value, seen[key]))

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

/** The counts that a client is shown: only what it asked for, but for what comes unasked. */
const countsOf = ({ expected, usage }: Shape, mode: Mode): Seen["usage"] =>
  expected._tag !== "Answer" || (mode !== "whole" && usage === false) ? null : expected.seen.usage

const answerIssues = (shape: Shape, client: ClientName, mode: Mode, seen: Seen): ReadonlyArray<string> => {
  if (shape.expected._tag !== "Answer") return []
  const asked: Seen = { ...shape.expected.seen, usage: countsOf(shape, mode) }
  const expected = throughClient(client, asked, shape.expected.reasoningKey)
  const hidden = invisible(client, mode, shape.kind ?? "chat")
  const wrong = fields
    .filter((field) => !hidden.includes(field) && !isDeepStrictEqual(expected[field], seen[field]))
    .map((field) => differs(field, expected[field], seen[field]))
  return showsExtras(client, mode) ? [...wrong, ...missing("extras", expected.extras, seen.extras)] : wrong
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

// The others read what they know and nothing else, and the helper keeps the last piece of it only.
const showsExtras = (client: ClientName, mode: Mode): boolean => client.startsWith("openai") && mode !== "helper"

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
  `${field}: expected ${excerpt(expected)}, saw ${excerpt(seen)}`

/** A value for people, as far as it fits. */
export const excerpt = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "nothing"
  return text.length > 160 ? `${text.slice(0, 157)}…` : text
}
