import * as Options from "@effect/cli/Options"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import * as ProcessConfig from "../config/ProcessConfig.js"
import * as Fingerprint from "../records/store/Fingerprint.js"
import type { Filter } from "../records/read/RecordFilter.js"

/**
 * The time that an operator wrote, `now` in ms: a time ago (`90s`, `15m`, `2h`, `7d`, `4w`), or a date, with a time of day
 * perhaps, which is UTC's where no other zone is said, as in all that is printed; as ISO 8601.
 */
export const time = (text: string, now: number): Option.Option<string> => {
  const [, amount, unit] = /^(\d+)\s*([smhdw])$/.exec(text.trim()) ?? []
  const at = unit === undefined ? dateOf(text.trim()) : now - Number(amount) * (units[unit] ?? 0)
  return Math.abs(at) < 8.64e15 ? Option.some(new Date(at).toISOString()) : Option.none()
}

// A time of day without a zone would be that of the machine on which it is read.
const dateOf = (text: string): number =>
  Date.parse(
    /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?$/.test(text) ? `${text.replace(" ", "T")}Z` : text
  )

const units: Readonly<Record<string, number>> = { s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5 }

const timeOption = (name: string, description: string) =>
  Options.text(name).pipe(
    Options.withDescription(description),
    Options.filterMap(
      (text) => time(text, Date.now()),
      "expected a time such as 15m, 2h, 7d, 2026-11-23 or 2026-11-23T14:30, in UTC"
    ),
    Options.optional
  )

const textOption = (name: string, description: string) =>
  Options.text(name).pipe(Options.withDescription(description), Options.optional)

/** The record database. */
export const records = Options.text("records").pipe(
  Options.withDescription("The record database; its archives are read too (RECD_PATH)"),
  Options.filterMap(ProcessConfig.recordFile, ProcessConfig.recordFileExpected),
  Options.withFallbackConfig(ProcessConfig.recordPath)
)

/** Which records are meant; all of it must fit. */
export const filter: Options.Options<Filter> = Options.all({
  since: timeOption("since", "Not older than this: 15m, 2h, 7d or a date, in UTC"),
  until: timeOption("until", "Older than this"),
  model: textOption("model", "Of this model; * stands for any text"),
  backend: textOption("backend", "Of this backend; * stands for any text"),
  outcome: textOption("outcome", "With this outcome, such as Completed; * stands for any text"),
  caller: textOption("caller", "Of the caller with this fingerprint, or this key").pipe(
    Options.map(Option.map((text) => (isFingerprint(text) ? text : Fingerprint.of(Redacted.make(text)))))
  )
}).pipe(Options.map(Record.getSomes))

const isFingerprint = (text: string): boolean => /^[\da-f]{12}$/.test(text)

/** Whether to print JSON lines instead of what is made for people. */
export const json = Options.boolean("json").pipe(Options.withDescription("Print JSON, one object a line"))

/** How many records to show. */
export const limit = Options.integer("limit").pipe(
  Options.withAlias("n"),
  Options.withDescription("At most so many records"),
  Options.filterMap((n) => (n >= 1 ? Option.some(n) : Option.none()), "expected a whole number ≥ 1"),
  Options.withDefault(20)
)
