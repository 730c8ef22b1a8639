import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { DurationText } from "../schema/ConfigSchema.js"

const Decoded = Schema.Struct({ after: Schema.DurationFromSelf, whole: Schema.Boolean })

/** When another candidate is asked beside a backend that is silent, and whether for an answer in one piece, too. */
export interface Hedge extends Schema.Schema.Type<typeof Decoded> {}

/** What holds where nothing is said: nobody knows how long an answer in one piece should take. */
export const standard: Option.Option<Hedge> = Option.some({ after: Duration.seconds(12), whole: false })

/** A request with a body larger than this, in characters, is never with two backends at a time. */
export const largestBody = 1024 * 1024

/** As it is written: after how long, or `false` for never. */
export const Written = Schema.transform(
  Schema.Union(DurationText, Schema.Literal(false)).annotations({ title: "a duration such as 12s, or false" }),
  Schema.OptionFromSelf(Decoded),
  {
    strict: true,
    decode: (written) => (written === false ? Option.none() : Option.some({ after: written, whole: true })),
    encode: (hedge) => (Option.isNone(hedge) ? (false as const) : hedge.value.after)
  }
)
