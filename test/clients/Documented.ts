import { isDeepStrictEqual } from "node:util"
import { isStandard } from "./Compare.js"
import type { Loss, Pair } from "./Compare.js"

/** A difference to what the client reads alone that is meant, with the rule that says so. */
export interface Documented {
  readonly why: string
  /** The page of docs/ and its section. */
  readonly rule: string
  readonly holds: (pair: Pair, loss: Loss) => boolean
}

/** A rule in words, with a link to its section. */
export const show = ({ rule, why }: Documented): string => `${why} ([rule](${rule}))`

const because = (rule: string, why: string, holds: Documented["holds"]): Documented => ({ rule, why, holds })

const isPage = (text: unknown): boolean => /^(\d{3} )?\s*</.test(String(text))

/** Whether what came through is what the shape must be read as, in this field. */
const asExpected = ({ shape, through }: Pair, field: "toolCalls" | TextField): boolean =>
  shape.expected._tag === "Answer" && isDeepStrictEqual(shape.expected.seen[field], through[field])

type TextField = "text" | "reasoning" | "refusal"

const textField = (field: Loss["field"]): TextField | undefined =>
  field === "text" || field === "reasoning" || field === "refusal" ? field : undefined

/** The characters of a text but for the commas that JavaScript writes between the members of a list. */
const without = (text: string): string => text.replace(/\[object Object\]|,/g, "")

/** Whether a text is another one with gaps. */
const isWithin = (short: string, long: string): boolean => {
  let at = 0
  for (const character of long) if (character === short[at]) at++
  return at === short.length
}

/** What stands around an error in the envelopes of other APIs. */
const envelopes = ["object", "detail", "base_resp", "errors", "success", "id"]

/** Statuses that leave as they came. */
const kept: ReadonlyArray<number> = [500, 501, 502, 503, 504]

/** Every such difference. */
export const documented: ReadonlyArray<Documented> = [
  because(
    "wire.md#22-statuses",
    "statuses from 500 on that are not of everybody's are those of their class",
    ({ direct, through }, { field }) =>
      field === "error.status" &&
      !kept.includes(direct.error?.status ?? 0) &&
      (direct.error?.status ?? 0) > 500 &&
      [502, 503, 504].includes(through.error?.status ?? 0)
  ),
  because(
    "wire.md#22-statuses",
    "what the last backend says in a text that is no JSON, with a status from 500 on, may be a proxy's",
    ({ shape, through }, { field }) =>
      field.startsWith("error.") && shape.expected._tag === "Refused" && through.error?.code === "upstream_error"
  ),
  because(
    "wire.md#21-bodies",
    "a page of HTML is never shown, and a proxy's page is no answer of the backend",
    ({ direct, shape }, { field }) =>
      (field === "error.message" || field === "error.status") &&
      (isPage(direct.error?.message) || shape.proves.includes("5.44"))
  ),
  because(
    "wire.md#21-bodies",
    "a flat error and the details of one are written as an error is",
    ({ through }, { direct, field, key }) =>
      field === "error.fields" &&
      (envelopes.includes(key ?? "") || through.error?.message.includes(String(direct)) === true)
  ),
  because(
    "wire.md#22-statuses",
    "a prompt that is too long has a code of its own",
    ({ through }, { field }) => field === "error.code" && through.error?.code === "context_length_exceeded"
  ),
  because(
    "wire.md#24-streams-that-break",
    "an error without anything in it is none",
    ({ direct, shape }, { field }) =>
      field === "error" && direct.error?.message === "{}" && shape.expected._tag === "Answer"
  ),
  because(
    "wire.md#24-streams-that-break",
    "the fields of an error are no part of an answer",
    ({ through }, { field, key = "" }) =>
      field === "extras" && through.error !== null && (!key.includes(".") || key === "choice.error")
  ),
  because(
    "wire.md#24-streams-that-break",
    "an answer that its backend gave up is no whole answer",
    ({ direct, mode, shape, through }, { field }) =>
      mode === "whole" &&
      shape.expected._tag !== "Answer" &&
      through.error !== null &&
      textField(field) !== undefined &&
      !isStandard(direct.finish)
  ),
  because("wire.md#25-chunks-that-are-not-true-to-the-contract", "a list of pieces is a text", (pair, { field }) => {
    const text = textField(field)
    return (
      text !== undefined && asExpected(pair, text) && without(pair.through[text]).includes(without(pair.direct[text]))
    )
  }),
  because(
    "wire.md#25-chunks-that-are-not-true-to-the-contract",
    "a number in the place of a text keeps the digits that it was written with",
    (pair, { field }) => {
      const text = textField(field)
      return text !== undefined && asExpected(pair, text) && Number(pair.direct[text]) === Number(pair.through[text])
    }
  ),
  because(
    "wire.md#24-streams-that-break",
    "after what cannot be read nothing is read",
    ({ direct, through }, { field }) =>
      field === "text" &&
      direct.error !== null &&
      !direct.error.said &&
      through.error !== null &&
      direct.text.startsWith(through.text)
  ),
  because(
    "wire.md#25-chunks-that-are-not-true-to-the-contract",
    "what the client alone does not read is missing from its text",
    (pair, { field }) => field === "text" && asExpected(pair, "text") && isWithin(pair.direct.text, pair.through.text)
  ),
  because(
    "clients.md",
    "the AI SDK takes a refusal for a filter's work",
    ({ client, shape }, { field }) =>
      field === "finish" &&
      client === "AI SDK" &&
      shape.expected._tag === "Answer" &&
      shape.expected.seen.refusal !== ""
  ),
  because(
    "wire.md#05-tool-calls",
    "a call that is sent twice is one call",
    (pair, { field }) =>
      field === "toolCalls" &&
      asExpected(pair, "toolCalls") &&
      pair.direct.toolCalls.length > pair.through.toolCalls.length
  ),
  because(
    "wire.md#04-choices",
    "choices without an index are told by their position",
    ({ shape }, { field }) => field === "text" && shape.proves.includes("0.4 choices by position")
  ),
  because(
    "wire.md#4-events-from-backends",
    "an event of a name of its own is no part of an answer",
    ({ shape }, { field, key = "" }) =>
      field === "extras" && shape.expected._tag === "Answer" && key in shape.expected.seen.extras
  ),
  because(
    "wire.md#24-streams-that-break",
    "an answer of which one choice has no finish is no whole answer",
    ({ shape, through }, { field }) =>
      field === "error" && shape.expected._tag === "Broken" && through.error?.code === "upstream_broke"
  ),
  because(
    "wire.md#05-tool-calls",
    "a choice that made calls does not finish with another reason",
    ({ through }, { field }) => field === "finish" && through.finish === "tool_calls" && through.toolCalls.length > 0
  ),
  because(
    "wire.md#05-tool-calls",
    "a name that is repeated is a name once",
    (pair, { field }) =>
      field === "toolCalls" &&
      asExpected(pair, "toolCalls") &&
      pair.direct.toolCalls.some(({ name }) => /^(.+)\1+$/.test(name))
  ),
  because(
    "wire.md#07-usage",
    "usage in a chunk of its own is the gateway's own question where the caller did not ask",
    ({ mode, shape }, { field }) => field === "usage" && shape.usage === false && mode !== "whole"
  ),
  because(
    "wire.md#12-answers-and-chunks",
    "usage stands in one place only",
    ({ through }, { field, key }) => field === "extras" && key === "choice.usage" && through.usage !== null
  ),
  because(
    "wire.md#12-answers-and-chunks",
    "a tier that OpenAI does not have has a name of its own",
    ({ through }, { direct, field, key }) =>
      field === "extras" && key === "service_tier" && through.extras["native_service_tier"] === direct
  ),
  because(
    "wire.md#5-quirks-of-backends",
    "a finish has one name only",
    ({ through }, { field, key }) => field === "extras" && key === "choice.finishReason" && through.finish !== null
  ),
  because(
    "wire.md#4-events-from-backends",
    "pings are no part of an answer",
    (_, { direct, field, key }) => field === "extras" && key === "type" && direct === "ping"
  ),
  because("wire.md#4-events-from-backends", "[DONE] is the end, whatever comes after it", ({ shape }) =>
    shape.proves.includes("§4 [DONE]")
  ),
  because(
    "configuration.md#openai_clients",
    "the backend's entry says what its requests and answers are like",
    ({ shape }) => (shape.backend ?? "plain") !== "plain" && shape.backend !== "hasty"
  )
]

/** Why a loss is meant; undefined when it is not. */
export const reasonOf = (pair: Pair, loss: Loss): Documented | undefined =>
  documented.find(({ holds }) => holds(pair, loss))
