import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { parseSize } from "../schema/ConfigSchema.js"

/** How long archives are kept: a number of months, or as long as all record files together are not larger. */
export const Retention = Schema.Union(
  Schema.TaggedStruct("Months", { months: Schema.Number }),
  Schema.TaggedStruct("Size", { bytes: Schema.Number })
)
export type Retention = typeof Retention.Type

const title = "a number of months such as 12 months, or a size such as 50GiB"

/** A retention written as `12 months` or `50GiB`. */
export const RetentionText = Schema.transformOrFail(Schema.String.annotations({ title }), Retention, {
  strict: true,
  decode: (text, _, ast) => {
    const retention = parse(text.trim())
    return retention === undefined ? ParseResult.fail(new ParseResult.Type(ast, text)) : ParseResult.succeed(retention)
  },
  encode: (retention) =>
    ParseResult.succeed(retention._tag === "Months" ? `${retention.months} months` : `${retention.bytes}B`)
}).annotations({ title, jsonSchema: { type: "string", examples: ["12 months", "50GiB"] } })

const parse = (text: string): Retention | undefined => {
  const [, months] = /^(\d{1,4})\s*months?$/i.exec(text) ?? []
  if (months !== undefined) return Number(months) > 0 ? { _tag: "Months", months: Number(months) } : undefined
  const bytes = parseSize(text)
  return bytes === undefined || bytes === 0 ? undefined : { _tag: "Size", bytes: Math.floor(bytes) }
}

/** An archive as retention sees it. */
export interface Archive {
  readonly name: string
  /** Such as `202611`. */
  readonly month: string
  /** In bytes. */
  readonly size: number
}

/** The archives that may go, oldest first; `month` is that of the present database and `present` its size in bytes. */
export const expired = <A extends Archive>(
  archives: ReadonlyArray<A>,
  retention: Retention,
  month: string,
  present: number
): ReadonlyArray<A> => {
  const oldestFirst = [...archives].sort((a, b) => (a.month + a.name < b.month + b.name ? -1 : 1))
  if (retention._tag === "Months") {
    return oldestFirst.filter((archive) => monthsBefore(archive.month, month) > retention.months)
  }
  let total = oldestFirst.reduce((sum, { size }) => sum + size, present)
  return oldestFirst.filter(({ size }) => {
    if (total <= retention.bytes) return false
    total -= size
    return true
  })
}

const monthsBefore = (earlier: string, later: string): number => count(later) - count(earlier)

const count = (month: string): number => Number(month.slice(0, 4)) * 12 + Number(month.slice(4))
