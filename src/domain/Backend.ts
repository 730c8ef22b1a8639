import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { DurationText, optional, orDefault, Strings, TokenLimit, Weight } from "./ConfigSchema.js"
import * as JsonObject from "./JsonObject.js"

const isHttpUrl = (text: string): boolean => {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  return /^https?:$/.test(url.protocol) && url.username === "" && url.password === ""
}

const BaseUrl = Schema.String.pipe(
  Schema.filter((text) => text === "demo:" || isHttpUrl(text)),
  Schema.annotations({ title: 'an http:// or https:// URL without credentials, or "demo:"' })
)

/** How a backend claims models: the model equals one of the values, or contains one of them (case-sensitive). */
const ModelMatch = Schema.Struct({
  type: orDefault(Schema.Literal("keyword", "exact"), () => "keyword" as const),
  value: Strings.pipe(Schema.minItems(1), Schema.annotations({ title: "a model name or a list of them" }))
})

const Fallback = Schema.transform(
  Schema.Union(Schema.NonEmptyString, Schema.Literal(false)).annotations({
    title: "the name of a model or a backend, or false"
  }),
  Schema.OptionFromSelf(Schema.String),
  {
    strict: true,
    decode: (value) => (value === false ? Option.none() : Option.some(value)),
    encode: (option) => Option.getOrElse(option, () => false as const)
  }
)

const framing = [
  "connection",
  "content-length",
  "content-encoding",
  "expect",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade"
]
const HeaderValue = Schema.String.pipe(
  Schema.pattern(/^[\t\x20-\x7e\x80-\xff]*$/),
  Schema.annotations({ title: "a string on one line" })
)
const Headers = Schema.Record({ key: Schema.String, value: HeaderValue }).pipe(
  Schema.filter((headers) =>
    Object.keys(headers).flatMap((name) => {
      if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) return [{ path: [name], message: "is not the name of a header" }]
      return framing.includes(name.toLowerCase()) ? [{ path: [name], message: "is set by the gateway itself" }] : []
    })
  )
)

const OpenObject = Schema.Record({ key: Schema.String, value: Schema.Unknown })
const reservedBodyKeys = ["model", "messages", "prompt", "stream"]

const ExtraBody = Schema.transformOrFail(
  Schema.Union(Schema.String, OpenObject).annotations({ title: "a mapping or the text of a JSON object" }),
  OpenObject,
  {
    strict: true,
    decode: (value, _, ast) => {
      const body = typeof value === "string" ? Option.getOrUndefined(JsonObject.parse(value)) : value
      if (body === undefined) return ParseResult.fail(new ParseResult.Type(ast, value, "expected a JSON object"))
      const reserved = reservedBodyKeys.find((key) => key in body)
      return reserved === undefined
        ? ParseResult.succeed(body)
        : ParseResult.fail(new ParseResult.Type(ast, value, `may not set "${reserved}": it belongs to the caller`))
    },
    encode: (body) => ParseResult.succeed(body)
  }
)

const TagName = Schema.String.pipe(
  Schema.pattern(/^[^<>/\s]+$/),
  Schema.annotations({ title: "the name of a tag, without < and >" })
)

/** How long each phase of an attempt may take; see the defaults of each. */
export const Timeouts = Schema.Struct({
  connect: orDefault(DurationText, () => Duration.seconds(10)),
  headers: orDefault(DurationText, () => Duration.seconds(60)),
  firstToken: orDefault(DurationText, () => Duration.seconds(120)).pipe(Schema.fromKey("first_token")),
  idle: orDefault(DurationText, () => Duration.seconds(60)),
  total: orDefault(DurationText, () => Duration.minutes(30))
})
export interface Timeouts extends Schema.Schema.Type<typeof Timeouts> {}

/** One configured upstream endpoint: an entry of `openai_clients`. */
export const Backend = Schema.Struct({
  name: Schema.NonEmptyString,
  baseUrl: Schema.propertySignature(BaseUrl).pipe(Schema.fromKey("base_url")),
  apiKey: optional(Schema.Redacted(Schema.Trim)).pipe(Schema.fromKey("api_key")),
  match: Schema.propertySignature(ModelMatch).pipe(Schema.fromKey("model_match")),
  weight: orDefault(Weight, () => 1).pipe(Schema.fromKey("priority")),
  fallback: orDefault(Fallback, () => Option.none()),
  maxTokens: optional(TokenLimit).pipe(Schema.fromKey("max_tokens")),
  stop: orDefault(Strings, () => []),
  specialPrefix: orDefault(Schema.String, () => "").pipe(Schema.fromKey("special_prefix")),
  headers: orDefault(Headers, () => ({})),
  extraBody: orDefault(ExtraBody, () => ({})).pipe(Schema.fromKey("extra_body")),
  stripTags: orDefault(Schema.Array(TagName), () => ["think", "tool_call"]).pipe(Schema.fromKey("strip_tags")),
  timeouts: orDefault(Timeouts, () => Schema.decodeSync(Timeouts)({}))
})
export interface Backend extends Schema.Schema.Type<typeof Backend> {}
