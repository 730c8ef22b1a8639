import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as HeaderText from "./HeaderText.js"
import * as SecretText from "./SecretText.js"

/** Stands for the key that the caller brings. */
export const callers = "caller"

/** What a backend is asked with: a key of its own, or that of the caller. */
export type ApiKey = Redacted.Redacted | typeof callers

/** Whether it is a key of the backend's own. */
export const isOwn = (key: ApiKey): key is Redacted.Redacted => key !== callers

const title = "a key, or caller"

/** An `api_key` as an operator writes it, or as a host has it; an empty one is none. */
export const Written = Schema.transformOrFail(
  SecretText.of(Schema.String).annotations({ title, jsonSchema: { type: "string", title } }),
  Schema.OptionFromSelf(Schema.Union(Schema.Literal(callers), Schema.RedactedFromSelf(Schema.String))),
  {
    strict: true,
    decode: (text, _, ast) => {
      const key = SecretText.reveal(text)
      const wrong = problem(key)
      return wrong === undefined
        ? ParseResult.succeed(read(key.trim()))
        : ParseResult.fail(new ParseResult.Type(ast, text, wrong))
    },
    encode: (key) => ParseResult.succeed(Option.match(key, { onNone: () => "", onSome: write }))
  }
)

/** What is wrong with a key, without the key; undefined where nothing is. */
export const problem = (text: string): string | undefined => HeaderText.problem(text.trim())

const read = (text: string): Option.Option<ApiKey> =>
  text === "" ? Option.none() : Option.some(text === callers ? callers : Redacted.make(text))

const write = (key: ApiKey): string => (isOwn(key) ? Redacted.value(key) : key)
