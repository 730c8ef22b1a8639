import { isDeepStrictEqual } from "node:util"
import { excerpt } from "./Verdict.js"
import type { Mode, Seen, SeenError } from "./Normal.js"
import type { ClientName, Shape } from "./Shape.js"

/** One shape asked for by one client in one way, of the backend itself and through the gateway. */
export interface Pair {
  readonly shape: Shape
  readonly client: ClientName
  readonly mode: Mode
  readonly direct: Seen
  readonly through: Seen
}

/** Something that the client reads when it asks the backend itself, and not, or not as well, through the gateway. */
export interface Loss {
  readonly field: keyof Seen | "error.status" | "error.message" | "error.code" | "error.fields"
  /** Which of several: the path of an extra, the key of a field of an error. */
  readonly key?: string
  readonly direct: unknown
  readonly through: unknown
}

/** What the gateway loses, and whether it shows anything that the client alone does not. */
export interface Comparison {
  readonly losses: ReadonlyArray<Loss>
  readonly gains: boolean
}

/** A loss in words. */
export const show = ({ direct, field, key, through }: Loss): string =>
  `${field}${key === undefined ? "" : ` ${key}`}: alone ${excerpt(direct)}, through the gateway ${excerpt(through)}`

const standard = new Set(["stop", "length", "tool_calls", "content_filter", "function_call"])

/** Whether clients know this finish. */
export const isStandard = (finish: string | null): boolean => finish !== null && standard.has(finish)

/**
 * Compares both ways, field by field:
 *
 * - texts (text, reasoning, refusal, transcript) must be contained in what came through; so must lists (tokens, the
 *   texts of further choices), every call whose arguments can be read, and every extra;
 * - a finish that clients know must be the same;
 * - no token count may be smaller;
 * - an error that the backend told must be an error through the gateway, with the same status and code, all its words
 *   and all its fields; a complaint of the client's own about what it got is no loss if the shape is a good answer, and
 *   otherwise an altered answer that passes for a whole one;
 * - an answer that came to a finish alone must come to one through the gateway.
 */
export const compare = (pair: Pair): Comparison => {
  const { direct, through } = pair
  const losses = [...answerLosses(pair), ...errorLosses(pair)]
  return { losses, gains: gains(direct, through) }
}

const answerLosses = ({ direct, mode, through }: Pair): ReadonlyArray<Loss> => {
  const losses: Array<Loss> = []
  const lose = (field: keyof Seen, key?: string): void => {
    const loss = { field, direct: direct[field], through: through[field] }
    losses.push(key === undefined ? loss : { ...loss, key, direct: direct.extras[key], through: through.extras[key] })
  }
  // The helper shows an answer or an error.
  if (mode === "helper" && through.error !== null) return losses
  for (const field of ["text", "reasoning", "refusal", "transcript"] as const) {
    // What a client makes of a list or an object is no text.
    if (!through[field].includes(direct[field].replaceAll("[object Object]", ""))) lose(field)
  }
  for (const field of ["logprobs", "others"] as const) {
    if (!isPrefix(direct[field], through[field])) lose(field)
  }
  // What is not over is no call yet.
  if (direct.error === null && direct.finish !== null && !containsCalls(through.toolCalls, direct.toolCalls))
    lose("toolCalls")
  if (through.error === null && direct.error === null) {
    if (isStandard(direct.finish) && direct.finish !== through.finish) lose("finish")
    if (!countsAtLeast(direct.usage, through.usage)) lose("usage")
  }
  if (through.error === null || through.error.status === null) {
    for (const [key, value] of Object.entries(direct.extras)) {
      if (!isDeepStrictEqual(through.extras[key], value)) lose("extras", key)
    }
  }
  return losses
}

const errorLosses = ({ direct, shape, through }: Pair): ReadonlyArray<Loss> => {
  const whole: Loss = { field: "error", direct: direct.error, through: through.error }
  if (direct.error === null) {
    if (through.error === null) return []
    // Alone it took half an answer for a whole one, unless there was an end to it.
    return isAnswer(direct) ? [whole] : []
  }
  if (through.error === null) return direct.error.said || shape.expected._tag !== "Answer" ? [whole] : []
  return direct.error.said ? wordLosses(direct.error, through.error) : []
}

const isAnswer = ({ finish, refusal, text, toolCalls }: Seen): boolean =>
  isStandard(finish) && (text !== "" || refusal !== "" || toolCalls.length > 0)

const wordLosses = (direct: SeenError, through: SeenError): ReadonlyArray<Loss> => {
  const losses: Array<Loss> = []
  if (direct.status !== null && direct.status !== through.status)
    losses.push({ field: "error.status", direct: direct.status, through: through.status })
  if (direct.code !== null && direct.code !== through.code)
    losses.push({ field: "error.code", direct: direct.code, through: through.code })
  const heard = plain(through.message)
  const lost = wordsOf(direct).filter((words) => !heard.includes(plain(words)))
  if (lost.length > 0) losses.push({ field: "error.message", direct: lost.join(" | "), through: through.message })
  for (const [key, value] of Object.entries(direct.fields)) {
    if (!isDeepStrictEqual(through.fields[key], value))
      losses.push({ field: "error.fields", key, direct: value, through: through.fields[key] })
  }
  return losses
}

const plain = (text: string): string => text.replace(/["\\\s]+/g, " ").trim()

// What clients say where they find no words.
const wordless = /^$|status code \(no body\)|^[A-Z][a-z]+( [A-Z][a-z]+)*$|An error occurred during streaming/

/** The words of a backend in a client's message, which may be the text of JSON. */
const wordsOf = ({ message }: SeenError): ReadonlyArray<string> => {
  const text = message
    .replace(/^\d{3} /, "")
    .replace(/^data: /, "")
    .replace(/\n\nTroubleshooting URL: .*/s, "")
    .trim()
  if (wordless.test(text)) return []
  try {
    return sentences(JSON.parse(text))
  } catch {
    return [text]
  }
}

const sentences = (value: unknown): ReadonlyArray<string> => {
  if (typeof value === "string") return value.includes(" ") ? [value] : []
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(sentences) : []
}

const isPrefix = (short: ReadonlyArray<unknown>, long: ReadonlyArray<unknown>): boolean =>
  isDeepStrictEqual(short, long.slice(0, short.length))

const isReadable = ({ args, name }: Seen["toolCalls"][number]): boolean =>
  name !== "" && !(typeof args === "object" && args !== null && "unreadable" in args)

/** Whether the readable ones of some calls are among others, in their order. */
const containsCalls = (all: Seen["toolCalls"], some: Seen["toolCalls"]): boolean => {
  let at = 0
  for (const call of some.filter(isReadable)) {
    while (at < all.length && !isCall(all[at], call)) at++
    if (at++ >= all.length) return false
  }
  return true
}

// Where LangChain cannot read arguments it shows none.
const isCall = (through: Seen["toolCalls"][number] | undefined, direct: Seen["toolCalls"][number]): boolean =>
  through !== undefined &&
  through.name === direct.name &&
  (isDeepStrictEqual(direct.args ?? {}, {}) || isDeepStrictEqual(through.args, direct.args))

const countsAtLeast = (direct: Seen["usage"], through: Seen["usage"]): boolean => {
  if (direct === null) return true
  if (through === null) return false
  return through.prompt >= direct.prompt && through.completion >= direct.completion && through.total >= direct.total
}

const gains = (direct: Seen, through: Seen): boolean =>
  !isDeepStrictEqual({ ...direct, extras: {} }, { ...through, extras: {} })

/** Whether a client alone is shown nothing at all, as by a stream where it asked for none. */
export const isVoid = ({ direct }: Pair): boolean =>
  direct.text === "" &&
  direct.reasoning === "" &&
  direct.refusal === "" &&
  direct.transcript === "" &&
  direct.toolCalls.length === 0 &&
  direct.finish === null &&
  direct.error?.said !== true
