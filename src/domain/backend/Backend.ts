import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import {
  Count,
  DurationText,
  optional,
  orDefault,
  required,
  Retries,
  Strings,
  stringsJson,
  TokenLimit,
  Weight
} from "../schema/ConfigSchema.js"
import * as ApiKey from "./ApiKey.js"
import * as BackendAddress from "./BackendAddress.js"
import * as Cleaning from "./Cleaning.js"
import * as Dialect from "./Dialect.js"
import * as HeaderText from "./HeaderText.js"
import * as JsonObject from "../json/JsonObject.js"
import { BreakerSettings } from "./BreakerSettings.js"
import * as ProxySetting from "./ProxySetting.js"
import * as SecretText from "./SecretText.js"
import * as Hedge from "./Hedge.js"
import * as SpokenProtocol from "./SpokenProtocol.js"
import { Timeouts } from "./Timeouts.js"
import { TlsSettings } from "./TlsSettings.js"

const BaseUrl = Schema.String.pipe(
  Schema.filter((text) => text === "demo:" || BackendAddress.parse(text) !== undefined),
  Schema.annotations({
    title: 'an http:// or https:// URL without credentials, http+unix:///path/of.sock:/v1, or "demo:"',
    jsonSchema: {
      pattern: String.raw`^(demo:$|[hH][tT][tT][pP][sS]?://[^/?#@\s]+([/?#]|$)|[hH][tT][tT][pP]\+[uU][nN][iI][xX]:///[^:?#]+(:(/|$|\?)|\?|$))|\$\{`
    }
  })
)

const matchTypes = ["keyword", "exact", "any"] as const

/**
 * How a backend claims models: any, or those that equal or contain one of the values (case-sensitive), in which `*` stands
 * for any text.
 */
const ModelMatch = Schema.Struct({
  type: orDefault(Schema.Literal(...matchTypes), () => "keyword" as const).annotations({
    description:
      "`keyword`: the model contains one of the values, case-sensitive. `exact`: it equals one. In both `*` stands for any text: `gpt-*-mini`. `any`: every model, without a `value`."
  }),
  value: orDefault(
    Strings.annotations({ title: "a model name or a list of them", jsonSchema: stringsJson(1) }),
    () => []
  ).annotations({ description: "A string or a list of them; required, but for `any`." })
})

/** The names that a backend has for models, by those that callers have for them. */
const Models = Schema.Record({ key: Schema.String, value: Schema.NonEmptyString }).pipe(
  Schema.filter((models) =>
    Object.keys(models).flatMap((name) => {
      if (name === "") return [{ path: [name], message: "is no name of a model" }]
      return name.includes("*") ? [{ path: [name], message: "is one name; a * is for model_match" }] : []
    })
  ),
  Schema.annotations({
    jsonSchema: {
      propertyNames: { minLength: 1, pattern: "^[^*]*$" },
      additionalProperties: { type: "string", minLength: 1 }
    }
  })
)

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
).annotations({ jsonSchema: { anyOf: [{ type: "string", minLength: 1 }, { enum: [false] }] } })

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
const headerName = /^[\w!#$%&'*+.^`|~-]+$/

const HeaderName = Schema.Lowercase.pipe(
  Schema.filter((name) => headerName.test(name) && name !== "host" && !framing.includes(name)),
  Schema.annotations({
    title: "the name of a header that the gateway does not set itself",
    jsonSchema: { pattern: headerName.source, not: { enum: ["host", ...framing] } }
  })
)
const headerTitle = "a string on one line"
const HeaderValue = SecretText.of(
  Schema.String.pipe(Schema.pattern(HeaderText.pattern), Schema.annotations({ title: headerTitle }))
).annotations({
  title: headerTitle,
  jsonSchema: { type: "string", title: headerTitle, pattern: HeaderText.pattern.source }
})
const Headers = Schema.Record({ key: Schema.String, value: HeaderValue }).pipe(
  Schema.filter((headers) =>
    Object.keys(headers).flatMap((name) => {
      if (!headerName.test(name)) return [{ path: [name], message: "is not the name of a header" }]
      return framing.includes(name.toLowerCase()) ? [{ path: [name], message: "is set by the gateway itself" }] : []
    })
  ),
  Schema.annotations({ jsonSchema: { propertyNames: { pattern: headerName.source, not: { enum: framing } } } })
)

const OpenObject = Schema.Record({ key: Schema.String, value: Schema.Unknown })

const ExtraBody = Schema.transformOrFail(
  Schema.Union(Schema.String, OpenObject).annotations({ title: "a mapping or the text of a JSON object" }),
  OpenObject,
  {
    strict: true,
    decode: (value, _, ast) => {
      const body = typeof value === "string" ? Option.getOrUndefined(JsonObject.parse(value)) : value
      if (body === undefined) return ParseResult.fail(new ParseResult.Type(ast, value, "expected a JSON object"))
      const taken = Dialect.reserved.find((key) => key in body)
      return taken === undefined
        ? ParseResult.succeed(SecretText.revealFields(body))
        : ParseResult.fail(new ParseResult.Type(ast, value, `may not set "${taken}": it belongs to the caller`))
    },
    encode: (body) => ParseResult.succeed(body)
  }
).annotations({
  jsonSchema: {
    anyOf: [{ type: "string" }, { type: "object", propertyNames: { not: { enum: Dialect.reserved } } }]
  }
})

/** What is done for a caller whose stream breaks off: nothing, the same request again, or a request to go on. */
export type Rescue = "off" | "restart" | "continue"

// YAML 1.1 reads a bare `off` as false.
const RescueMode = Schema.transform(
  Schema.Literal("off", "restart", "continue", false).annotations({ title: '"off", "restart" or "continue"' }),
  Schema.Literal("off", "restart", "continue"),
  { strict: true, decode: (mode) => (mode === false ? "off" : mode), encode: (mode) => mode }
).annotations({ jsonSchema: { enum: ["off", "restart", "continue", false] } })

/** One configured upstream endpoint: an entry of `openai_clients`. */
export const Backend = Schema.Struct({
  name: required(Schema.NonEmptyString, "name").annotations({
    description: "Unique; shown in logs and records, and to callers only with `server.explain_headers`."
  }),
  baseUrl: required(BaseUrl, "base_url").annotations({
    description:
      "The URL that `/chat/completions` is added to; a query (Azure's `?api-version=`) is kept. `{model}` in its path or query is replaced by the model, percent-encoded; such a backend is not asked for a list of models. `http+unix:///run/vllm.sock:/v1` is the path `/v1` of the Unix socket `/run/vllm.sock`. `demo:` is the embedded demo.",
    examples: ["https://api.openai.com/v1", "http://127.0.0.1:11434/v1", "demo:"]
  }),
  apiKey: orDefault(ApiKey.Written, () => Option.none())
    .annotations({
      description:
        "Sent as `Authorization: Bearer`. `caller` stands for the caller's own: its `Authorization: Bearer`, else its `x-api-key` or `api-key`, never another scheme such as Basic. Without a key nothing is sent, unless no backend at all has one (`api_key`, a key among `headers` or in `base_url`): then it is `caller` for all."
    })
    .pipe(Schema.fromKey("api_key")),
  apiKeyFile: optional(Schema.NonEmptyString)
    .annotations({
      description:
        "A file that holds the key, instead of `api_key`; it is read again when it changes. A relative path begins at the folder of the configuration."
    })
    .pipe(Schema.fromKey("api_key_file")),
  keyHeader: orDefault(HeaderName, () => "authorization")
    .annotations({
      description:
        "The header that the key goes in; any other than `authorization` gets it as it is, without `Bearer` (Azure: `api-key`)."
    })
    .pipe(Schema.fromKey("key_header")),
  protocols: SpokenProtocol.field,
  match: orDefault(ModelMatch, () => ({ type: "exact" as const, value: [] }))
    .annotations({
      description: "The models that the backend serves, besides those of `models`; one of both is required."
    })
    .pipe(Schema.fromKey("model_match")),
  models: orDefault(Models, () => ({})).annotations({
    description:
      "Models that the backend serves, and the names that it has for them: `{ llama-3.3-70b: llama-3.3-70b-versatile }`. Callers and fallbacks use the former, so that backends that name a model differently share its traffic; the backend is asked for the latter."
  }),
  weight: orDefault(Weight, () => 1)
    .annotations({
      description:
        "Share of the traffic among the backends that serve the same model. `0`: only when nothing else is left."
    })
    .pipe(Schema.fromKey("priority")),
  fallback: orDefault(Fallback, () => Option.none()).annotations({
    description:
      "The model, or if no backend serves such a model the backend, to try when all backends of a model have failed. `false` is none."
  }),
  maxTokens: optional(TokenLimit)
    .annotations({
      description:
        "Upper limit for the caller's `max_tokens` or `max_completion_tokens`; set as `max_tokens` when the caller gives neither."
    })
    .pipe(Schema.fromKey("max_tokens")),
  stop: orDefault(Strings, () => []).annotations({ description: "Stop words, put before the caller's." }),
  specialPrefix: orDefault(Schema.String, () => "")
    .annotations({ description: "Put before the first content of each choice, followed by one newline." })
    .pipe(Schema.fromKey("special_prefix")),
  headers: orDefault(Headers, () => ({})).annotations({
    description: "Sent upstream as they are; they win over everything else."
  }),
  forwardHeaders: orDefault(Schema.Array(HeaderName), () => [])
    .annotations({
      description:
        "Names of the caller's headers that are sent on, besides `idempotency-key`, `openai-beta`, `anthropic-version`, `anthropic-beta`, `traceparent` and `tracestate`; and `openai-organization`, `openai-project`, `http-referer` and `x-title` with the caller's own key."
    })
    .pipe(Schema.fromKey("forward_headers")),
  extraBody: orDefault(ExtraBody, () => ({}))
    .annotations({
      description:
        "Added to the body where the caller did not set the key. A mapping, or the text of a JSON object. It may not set `model`, `messages`, `prompt` or `stream`."
    })
    .pipe(Schema.fromKey("extra_body")),
  cleanKeys: orDefault(Cleaning.CleanKeys, () => Schema.decodeSync(Cleaning.CleanKeys)({}))
    .annotations({
      description:
        "What is made of the messages before this backend gets them: each key as in [`clean`](#clean), which is the default of all. `none`: nothing."
    })
    .pipe(Schema.fromKey("clean")),
  stripTags: optional(Cleaning.TagNames)
    .annotations({ description: "The older name of `clean.strip_tags`." })
    .pipe(Schema.fromKey("strip_tags")),
  ...Dialect.fields,
  proxy: orDefault(ProxySetting.Written, () => Option.none()).annotations({
    description:
      "The proxy to reach it through, such as `http://user:password@proxy.example:3128`; `none`: not even that of `HTTP_PROXY`, `HTTPS_PROXY` or `ALL_PROXY`. [How](network.md#proxies)."
  }),
  tls: optional(TlsSettings).annotations({
    description: "Whom to trust at a backend of `https:`, and as whom to speak to it."
  }),
  timeouts: orDefault(Timeouts, () => Schema.decodeSync(Timeouts)({})).annotations({
    description: "How long each phase may take; what takes longer is given up and the next backend asked."
  }),
  retries: orDefault(Retries, () => 1).annotations({
    description:
      "How often the backend is asked again after a failure that may pass: a broken connection, 408, 409, 500, a short `Retry-After`; and when nobody else is left, 502, 503 and 504. Six attempts at most in all, refused keys not counted."
  }),
  hedge: orDefault(Hedge.Written, () => Hedge.standard).annotations({
    description:
      "When the backend has sent nothing of its answer for so long, the next candidate is asked beside it, and whoever brings the first content answers. By default `12s` for streams; a duration that is written out holds for answers in one piece, too; `false`: never. [How](failover.md#a-backend-that-is-silent)."
  }),
  retryAfterMax: orDefault(DurationText, () => Duration.seconds(5))
    .annotations({
      description: "A `Retry-After` of at most this is waited for when no other backend serves the model."
    })
    .pipe(Schema.fromKey("retry_after_max")),
  rescue: orDefault(RescueMode, () => "restart" as const).annotations({
    description:
      "What is done when a stream of this backend breaks off after its beginning was sent. `restart` asks the next backend the same and sends on what goes beyond the sent text, as long as it is the same; `continue` asks it to go on where the text stopped; `off` does nothing. [How](failover.md)."
  }),
  prefill: orDefault(Schema.Boolean, () => false).annotations({
    description: "Whether the backend goes on with an assistant message that comes last, for `rescue: continue`."
  }),
  maxInFlight: optional(Count)
    .annotations({
      description:
        "So many calls it may have under way; what is more goes to the next backend, or waits (`server.queue`)."
    })
    .pipe(Schema.fromKey("max_in_flight")),
  breaker: orDefault(BreakerSettings, () => Schema.decodeSync(BreakerSettings)({})).annotations({
    description: "When a backend that keeps failing is set aside, and how it comes back."
  })
})

/** A backend as its entry says, without what is said for all. */
export type Written = Schema.Schema.Type<typeof Backend>

/**
 * A configured upstream endpoint.
 *
 * @category models
 * @since 0.1.0
 */
export interface Backend extends Written {
  /** What is made of messages before it gets them. */
  readonly clean: Cleaning.Cleaning
}

/** A backend with what is said for all of how messages are cleaned, where its entry says nothing. */
export const settled = (written: Written, all: Cleaning.Cleaning): Backend => ({
  ...written,
  clean: Cleaning.over(all, {
    ...written.cleanKeys,
    stripTags: Option.orElse(written.cleanKeys.stripTags, () => written.stripTags)
  })
})
