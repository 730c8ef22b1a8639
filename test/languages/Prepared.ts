import * as Schema from "effect/Schema"

/** What `run.mjs` has found and installed. */
const Prepared = Schema.parseJson(
  Schema.Struct({
    /** The command line of each toolchain that is there. */
    commands: Schema.Record({ key: Schema.String, value: Schema.Array(Schema.String) }),
    /** Whether the page is written. */
    writes: Schema.Boolean,
    /** Whether it is told what every client got. */
    verbose: Schema.Boolean
  })
)

/** What `run.mjs` hands over; it dies where it handed over nothing. */
export const read = (): typeof Prepared.Type => Schema.decodeUnknownSync(Prepared)(process.env["LANGUAGES_PREPARED"])
