import * as Duration from "effect/Duration"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

const durationTitle = "a duration such as 500ms, 10s or 2m"

/** A duration written as `500ms`, `10s`, `2m` or `1h`. */
export const DurationText = Schema.transformOrFail(
  Schema.String.annotations({ title: durationTitle }),
  Schema.DurationFromSelf,
  {
    strict: true,
    decode: (text, _, ast) => {
      const millis = measure(text, { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 })
      return millis === undefined
        ? ParseResult.fail(new ParseResult.Type(ast, text))
        : ParseResult.succeed(Duration.millis(millis))
    },
    encode: (duration) => ParseResult.succeed(`${Duration.toMillis(duration)}ms`)
  }
).annotations({ title: durationTitle })

/** A size in bytes, written as `32MiB`, `10MB` or a plain number. */
export const SizeText = Schema.transformOrFail(Schema.Union(Schema.String, Schema.Positive), Schema.Number, {
  strict: true,
  decode: (size, _, ast) => {
    const bytes = typeof size === "number" ? size : parseSize(size)
    return bytes === undefined
      ? ParseResult.fail(new ParseResult.Type(ast, size))
      : ParseResult.succeed(Math.floor(bytes))
  },
  encode: (bytes) => ParseResult.succeed(bytes)
}).annotations({ title: "a size such as 512KiB, 32MiB or a number of bytes" })

/** A share of the traffic; 0 means only when nothing else is eligible. */
export const Weight = numberOrText("a number ≥ 0", (n) => n >= 0)

/** A count of tokens. */
export const TokenLimit = numberOrText("a whole number ≥ 1", (n) => Number.isInteger(n) && n >= 1)

/** One string or a list of them; always a list when decoded. */
export const Strings = Schema.transform(
  Schema.Union(Schema.String, Schema.Array(Schema.String)).annotations({ title: "a string or a list of strings" }),
  Schema.Array(Schema.NonEmptyString),
  {
    strict: true,
    decode: (value) => (typeof value === "string" ? [value] : value),
    encode: (list) => list
  }
)

/** A key that may be missing or empty and then has a default. */
export const orDefault = <A, I, R>(schema: Schema.Schema<A, I, R>, value: () => NoInfer<A>) =>
  Schema.optionalWith(schema, { nullable: true, default: value })

/** A key that may be missing or empty. */
export const optional = <A, I, R>(schema: Schema.Schema<A, I, R>) =>
  Schema.optionalWith(schema, { nullable: true, as: "Option" })

// `${MAX_TOKENS}` interpolates to text, so numbers are also read from text.
function numberOrText(title: string, valid: (n: number) => boolean) {
  return Schema.transformOrFail(Schema.Union(Schema.Number, Schema.String).annotations({ title }), Schema.Number, {
    strict: true,
    decode: (value, _, ast) => {
      const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value
      return typeof number === "number" && Number.isFinite(number) && valid(number)
        ? ParseResult.succeed(number)
        : ParseResult.fail(new ParseResult.Type(ast, value))
    },
    encode: (number) => ParseResult.succeed(number)
  }).annotations({ title })
}

/** The bytes of a size such as `32MiB`; undefined when it is none. */
export function parseSize(text: string): number | undefined {
  return measure(text.toUpperCase(), sizeUnits)
}

const sizeUnits = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, KIB: 1024, MIB: 1024 ** 2, GIB: 1024 ** 3 }

// "10s" → its value in the smallest unit; undefined when the text is not a number with one of the units.
const measure = (text: string, units: Readonly<Record<string, number>>): number | undefined => {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(text.trim()) ?? []
  const factor = unit === undefined || !Object.hasOwn(units, unit) ? undefined : units[unit]
  return amount === undefined || factor === undefined ? undefined : Number(amount) * factor
}
