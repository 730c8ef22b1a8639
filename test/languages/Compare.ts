import { isDeepStrictEqual } from "node:util"
import type { Case, Expected } from "./Case.js"
import type { Seen } from "./Seen.js"

/** What can be worse: nothing instead of an answer, a part of one that passes for it, and so on. */
export type What =
  "answer" | "passes" | "text" | "finish" | "calls" | "choices" | "usage" | "class" | "words" | "served"

/** Something that the caller gets from the backend itself, and not, or otherwise, through the gateway, or reversed. */
export interface Difference {
  readonly what: What
  readonly direct: string
  readonly through: string
  /** The status that the client shows of an error through the gateway. */
  readonly status?: number | null
}

export interface Verdict {
  readonly losses: ReadonlyArray<Difference>
  readonly gains: ReadonlyArray<Difference>
}

/** A difference in words. */
export const show = ({ direct, through, what }: Difference): string =>
  `${what}: direct ${direct}, through the gateway ${through}`

/**
 * Compares what the callers of one case have read in both ways:
 *
 * - where both have an answer, each part that differs is a gain if it is right now, and otherwise a loss;
 * - an answer instead of an error is a gain if it is right, and an error instead of an answer a loss; but of a broken
 *   answer an error is the right thing to get;
 * - where both have an error, its class and status must be the same, unless the backend gave no answer at all, or
 *   broke one that had begun; what the backend said of it must not be lost, nor any text that came before.
 */
export const compare = (one: Case, direct: ReadonlyArray<Seen>, through: ReadonlyArray<Seen>): Verdict => {
  if (one.kind === "crowded") return compareServed(one, direct, through)
  const found = direct.flatMap((seen, at) => {
    const other = through[at]
    return other === undefined ? [] : differences(one, seen, other)
  })
  return {
    losses: found.filter(({ isLoss }) => isLoss),
    gains: found.filter(({ isLoss }) => !isLoss)
  }
}

interface Found extends Difference {
  readonly isLoss: boolean
}

const compareServed = (one: Case, direct: ReadonlyArray<Seen>, through: ReadonlyArray<Seen>): Verdict => {
  const served = (all: ReadonlyArray<Seen>) => all.filter((seen) => isRight(one, seen)).length
  const [alone, by] = [served(direct), served(through)]
  const of = (count: number) => `${count} of ${one.callers ?? 1}`
  const found: ReadonlyArray<Difference> = alone === by ? [] : [{ what: "served", direct: of(alone), through: of(by) }]
  return by < alone ? { losses: found, gains: [] } : { losses: [], gains: found }
}

const differences = (one: Case, direct: Seen, through: Seen): ReadonlyArray<Found> => {
  const differ = (what: What, isLoss: boolean): ReadonlyArray<Found> => [
    { what, isLoss, direct: tell(direct), through: tell(through) }
  ]
  if (direct.error === null && through.error === null) {
    return one.kind === "broken" && !isRight(one, through) ? [] : answerDifferences(one, direct, through)
  }
  if (direct.error === null) return differ("answer", canBeRead(one))
  if (through.error === null) return isRight(one, through) ? differ("answer", false) : differ("passes", true)
  return errorDifferences(one, direct, through)
}

// An answer that is none, or breaks, is best told as an error.
const canBeRead = ({ kind }: Case): boolean => kind !== "broken" && kind !== "refused"

const answerDifferences = (one: Case, direct: Seen, through: Seen): ReadonlyArray<Found> => {
  const found: Array<Found> = []
  const differ = (what: What, before: unknown, now: unknown, right: unknown): void => {
    if (isDeepStrictEqual(before, now)) return
    found.push({ what, direct: excerpt(before), through: excerpt(now), isLoss: !isDeepStrictEqual(now, right) })
  }
  differ("choices", direct.choices.length, through.choices.length, one.expected.length)
  one.expected.forEach((right, at) => {
    const [before, now] = [direct.choices[at], through.choices[at]]
    if (before === undefined || now === undefined) return
    differ("text", before.text, now.text, right.text)
    differ("finish", before.finish, now.finish, right.finish)
    differ("calls", before.calls, now.calls, right.calls ?? [])
  })
  if (one.asked.usage === true || one.asked.stream !== true) {
    differ("usage", direct.usage, through.usage, through.usage ?? "some")
  }
  return found
}

const errorDifferences = (one: Case, direct: Seen, through: Seen): ReadonlyArray<Found> => {
  const found: Array<Found> = []
  const status = through.error?.status ?? null
  const differ = (what: What, isLoss: boolean): void =>
    void found.push({ what, isLoss, status, direct: tell(direct), through: tell(through) })
  const says = (seen: Seen) => one.words === undefined || (seen.error?.message.includes(one.words) ?? false)
  if (says(direct) !== says(through)) differ("words", says(direct))
  const isKnown = one.kind !== "broken" && one.words !== undefined
  if (isKnown && classOf(direct) !== classOf(through)) {
    // An error without a status that gets one can be told apart better.
    differ("class", direct.error?.status !== null || through.error?.status === null)
  }
  const text = (seen: Seen) => seen.choices.map((choice) => choice.text).join("")
  if (!text(through).startsWith(text(direct))) differ("text", true)
  return found
}

/** Whether an answer is what it should be, as far as the client shows it. */
const isRight = ({ expected }: Case, { choices, error }: Seen): boolean =>
  error === null &&
  choices.length === expected.length &&
  expected.every((right, at) => {
    const choice = choices[at]
    return choice !== undefined && choice.text === textOf(right, choice.calls !== undefined) && hasCalls(right, choice)
  })

// Who shows no calls shows what they lead to.
const textOf = ({ calls = [], text }: Expected, showsCalls: boolean): string =>
  calls.length > 0 && !showsCalls ? calls.map(([, args]) => args).join("") : text

const hasCalls = ({ calls = [] }: Expected, choice: Seen["choices"][number]): boolean =>
  choice.calls === undefined || isDeepStrictEqual(choice.calls, calls)

const classOf = ({ error }: Seen): string => (error === null ? "" : `${error.class} ${error.status ?? "–"}`)

/** What a client read, in words. */
export const tell = (seen: Seen): string => {
  const { choices, error } = seen
  return error === null ? `an answer ${excerpt(choices)}` : `${classOf(seen)} ${excerpt(error.message)}`
}

const excerpt = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "nothing"
  return text.length > 240 ? `${text.slice(0, 240)}…` : text
}
