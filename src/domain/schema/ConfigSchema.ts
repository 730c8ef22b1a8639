import * as Duration from "effect/Duration"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

// What a JSON Schema says of a text also admits `${VAR}`: only what it becomes can be judged.
const textLike = (pattern: string, rest: object = {}) => ({ type: "string", pattern: `${pattern}|\\$\\{`, ...rest })

const durationTitle = "a duration such as 500ms, 10s or 2m"
const durationUnits = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** A duration written as `500ms`, `10s`, `2m` or `1h`. */
export const DurationText = durationText("")

/** The same, but not none: what may take no time at all can only fail. */
export const TimeText = durationText("(?=.*[1-9])", "is no time at all: leave it out for its default")

/** A size in bytes, written as `32MiB`, `10MB` or a plain number. */
export const SizeText = Schema.transformOrFail(Schema.Union(Schema.String, Schema.Positive), Schema.Number, {
  strict: true,
  decode: (size, _, ast) => {
    const bytes = typeof size === "number" ? size : parseSize(size)
    return bytes === undefined
      ? ParseResult.fail(new ParseResult.Type(ast, size))
      : ParseResult.succeed(Math.floor(bytes))
  },
  encode: (bytes) => ParseResult.succeed(inUnits(bytes, { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }))
}).annotations({
  title: "a size such as 512KiB, 32MiB or a number of bytes",
  jsonSchema: {
    anyOf: [
      textLike(String.raw`^\s*\d+(\.\d+)?\s*([kKmMgG][iI]?)?[bB]\s*$`, { examples: ["512KiB", "32MiB"] }),
      { type: "number", exclusiveMinimum: 0 }
    ]
  }
})

/** A share of the traffic; 0 means only when nothing else is eligible. */
export const Weight = numberOrText("a number ≥ 0", (n) => n >= 0, { type: "number", minimum: 0 })

/** A number of things. */
export const Count = numberOrText("a whole number ≥ 1", (n) => Number.isInteger(n) && n >= 1, {
  type: "integer",
  minimum: 1
})

/** The most workers that one gateway has. */
const mostWorkers = 64
const workersTitle = `a whole number from 1 to ${mostWorkers}, or auto`

/** How many workers serve; `auto` leaves it to the machine. */
export const Workers = Schema.transformOrFail(
  Schema.Union(Schema.Number, Schema.String).annotations({ title: workersTitle }),
  Schema.Union(Schema.Literal("auto"), Schema.Number),
  {
    strict: true,
    decode: (value, _, ast) => {
      const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value
      if (typeof value === "string" && value.trim() === "auto") return ParseResult.succeed("auto" as const)
      return typeof number === "number" && Number.isInteger(number) && number >= 1 && number <= mostWorkers
        ? ParseResult.succeed(number)
        : ParseResult.fail(new ParseResult.Type(ast, value))
    },
    encode: (workers) => ParseResult.succeed(workers)
  }
).annotations({
  title: workersTitle,
  jsonSchema: {
    anyOf: [
      { type: "integer", minimum: 1, maximum: mostWorkers },
      textLike(String.raw`^\s*([1-9]\d*|auto)\s*$`, { examples: ["auto"] })
    ]
  }
})

/** A count of tokens. */
export const TokenLimit = Count

/** How often something is tried again. */
export const Retries = numberOrText("a whole number from 0 to 5", (n) => Number.isInteger(n) && n >= 0 && n <= 5, {
  type: "integer",
  minimum: 0,
  maximum: 5
})

/** A part of a whole, not so small that it is none. */
export const Share = numberOrText("a share from 0.01 to 1", (n) => n >= 0.01 && n <= 1, {
  type: "number",
  minimum: 0.01,
  maximum: 1
})

/** One string or a list of them; always a list when decoded. */
export const Strings = Schema.transform(
  Schema.Union(Schema.String, Schema.Array(Schema.String)).annotations({ title: "a string or a list of strings" }),
  Schema.Array(Schema.NonEmptyString),
  {
    strict: true,
    decode: (value) => (typeof value === "string" ? [value] : value),
    encode: (list) => list
  }
).annotations({ jsonSchema: stringsJson() })

/** What a JSON Schema says of one string or a list of at least `minItems`. */
export function stringsJson(minItems = 0) {
  const text = { type: "string", minLength: 1 }
  return { anyOf: [text, { type: "array", items: text, ...(minItems === 0 ? {} : { minItems }) }] }
}

/** A key that must be there; it is named once more because only renamed keys take their annotations along. */
export const required = <A, I, R, Key extends string>(schema: Schema.Schema<A, I, R>, key: Key) =>
  Schema.propertySignature(schema).pipe(Schema.fromKey(key))

/** A key that may be missing or empty and then has a default. */
export const orDefault = <A, I, R>(schema: Schema.Schema<A, I, R>, value: () => NoInfer<A>) =>
  Schema.optionalWith(schema, { nullable: true, default: value })

/** A key that may be missing or empty. */
export const optional = <A, I, R>(schema: Schema.Schema<A, I, R>) =>
  Schema.optionalWith(schema, { nullable: true, as: "Option" })

function durationText(lookahead: string, zero?: string) {
  return Schema.transformOrFail(Schema.String.annotations({ title: durationTitle }), Schema.DurationFromSelf, {
    strict: true,
    decode: (text, _, ast) => {
      const millis = measure(text, durationUnits)
      if (millis === undefined) return ParseResult.fail(new ParseResult.Type(ast, text))
      return millis === 0 && zero !== undefined
        ? ParseResult.fail(new ParseResult.Type(ast, text, zero))
        : ParseResult.succeed(Duration.millis(millis))
    },
    encode: (duration) => ParseResult.succeed(inUnits(Duration.toMillis(duration), durationUnits))
  }).annotations({
    title: durationTitle,
    jsonSchema: textLike(String.raw`^${lookahead}\s*\d+(\.\d+)?\s*(ms|s|m|h)\s*$`, { examples: ["500ms", "10s", "2m"] })
  })
}

// `${MAX_TOKENS}` interpolates to text, so numbers are also read from text.
function numberOrText(title: string, valid: (n: number) => boolean, jsonSchema: object) {
  return Schema.transformOrFail(Schema.Union(Schema.Number, Schema.String).annotations({ title }), Schema.Number, {
    strict: true,
    decode: (value, _, ast) => {
      const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value
      return typeof number === "number" && Number.isFinite(number) && valid(number)
        ? ParseResult.succeed(number)
        : ParseResult.fail(new ParseResult.Type(ast, value))
    },
    encode: (number) => ParseResult.succeed(number)
  }).annotations({
    title,
    jsonSchema: { anyOf: [jsonSchema, textLike(String.raw`^\s*\d+(\.\d+)?\s*$`)] }
  })
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

// The inverse of `measure`, in the largest unit that leaves no fraction.
const inUnits = (value: number, units: Readonly<Record<string, number>>): string => {
  const whole = Object.entries(units).findLast(([, factor]) => value > 0 && value % factor === 0)
  const [unit, factor] = whole ?? Object.entries(units)[0] ?? ["", 1]
  return `${value / factor}${unit}`
}
