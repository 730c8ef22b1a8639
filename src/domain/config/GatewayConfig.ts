import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as ApiKey from "../backend/ApiKey.js"
import { Backend, settled } from "../backend/Backend.js"
import type { Written } from "../backend/Backend.js"
import * as Cleaning from "../backend/Cleaning.js"
import * as SpokenProtocol from "../backend/SpokenProtocol.js"
import * as ConfigIssue from "../schema/ConfigIssue.js"
import {
  Count,
  DurationText,
  optional,
  orDefault,
  required,
  SizeText,
  Strings,
  stringsJson,
  TimeText,
  Workers
} from "../schema/ConfigSchema.js"
import * as Credentials from "../backend/Credentials.js"
import * as IpRange from "./IpRange.js"
import * as JsonBounds from "../json/JsonBounds.js"
import * as Reach from "./Reach.js"
import * as JsonObject from "../json/JsonObject.js"
import { RetentionText } from "./Retention.js"
import * as RouteTable from "../routing/RouteTable.js"
import * as SecretText from "../backend/SecretText.js"
import * as Unclaimed from "./Unclaimed.js"
import * as WorkerShare from "./WorkerShare.js"
import { Bodies, Durability } from "./WriterSettings.js"

export type { Backend } from "../backend/Backend.js"
export type { ConfigIssue } from "../schema/ConfigIssue.js"

const ranges = "addresses or CIDR ranges such as 10.0.0.0/8 or fd00::/8"

const ProxyRanges = Schema.transformOrFail(
  Strings,
  Schema.Array(Schema.Struct({ version: Schema.Literal(4, 6), address: Schema.BigIntFromSelf, bits: Schema.Number })),
  {
    strict: true,
    decode: (texts, _, ast) => {
      const parsed = texts.flatMap((text) => IpRange.parse(text) ?? [])
      return parsed.length === texts.length
        ? ParseResult.succeed(parsed)
        : ParseResult.fail(
            new ParseResult.Type(
              ast,
              texts.find((text) => IpRange.parse(text) === undefined)
            )
          )
    },
    encode: (list) => ParseResult.succeed(list.map(IpRange.format))
  }
).annotations({ title: ranges, jsonSchema: stringsJson() })

const Queue = Schema.Struct({
  size: orDefault(Count, () => 1_000).annotations({ description: "So many requests may wait; the next gets a 503." }),
  timeout: orDefault(DurationText, () => Duration.seconds(10)).annotations({
    description: "What has waited this long gets a 503."
  })
})

const OperatorKey = Schema.transformOrFail(
  SecretText.of(Schema.String).annotations({ title: "a key", jsonSchema: { type: "string" } }),
  Schema.RedactedFromSelf(Schema.String),
  {
    strict: true,
    decode: (text, _, ast) => {
      const key = SecretText.reveal(text)
      const wrong = ApiKey.problem(key)
      return wrong === undefined
        ? ParseResult.succeed(Redacted.make(key.trim()))
        : ParseResult.fail(new ParseResult.Type(ast, text, wrong))
    },
    encode: (key) => ParseResult.succeed(key)
  }
)

const Server = Schema.Struct({
  drain: orDefault(DurationText, () => Duration.seconds(25)).annotations({
    description:
      "How long running answers may go on after SIGTERM. [How it goes with the time that a process is given](operating.md#how-much-time-an-end-takes)."
  }),
  keepalive: optional(TimeText).annotations({
    description:
      "A comment is sent to a stream's caller after this long a silence, with the head before it where there is no answer yet ([why](failover.md#a-backend-that-is-silent)); some clients cannot read comments, and some give up after a few hundred of them, so not less than 5s."
  }),
  idleTimeout: orDefault(DurationText, () => Duration.seconds(75))
    .annotations({
      description:
        "How long a caller's connection may be idle between two requests. Longer than a proxy in front keeps it, so that it is the proxy that closes it."
    })
    .pipe(Schema.fromKey("idle_timeout")),
  maxBody: orDefault(SizeText, () => 32 * 1024 ** 2)
    .annotations({ description: "Larger requests get a 413." })
    .pipe(Schema.fromKey("max_body")),
  maxUpload: orDefault(SizeText, () => 100 * 1024 ** 2)
    .annotations({
      description:
        "The same for forms with files, such as sound to be transcribed and images to be edited. Larger ones get a 413 as soon as they have come so far."
    })
    .pipe(Schema.fromKey("max_upload")),
  maxValues: orDefault(Count, () => JsonBounds.maxValues)
    .annotations({
      description: "Requests with more values, objects, lists, texts and numbers in all, get a 413."
    })
    .pipe(Schema.fromKey("max_values")),
  bodyTimeout: orDefault(TimeText, () => Duration.seconds(30))
    .annotations({
      description:
        "A request whose body makes no progress for this long gets a 408; so does one whose body comes too slowly to be there within five minutes."
    })
    .pipe(Schema.fromKey("body_timeout")),
  maxBytesInFlight: optional(SizeText)
    .annotations({
      description:
        "So many bytes of requests and of answers that are held back may be in memory at once, in each process; what is more waits (`queue`). Default: a twelfth of what Node's heap may grow to."
    })
    .pipe(Schema.fromKey("max_bytes_in_flight")),
  corsOrigins: orDefault(Strings, () => ["http://localhost:*", "http://127.0.0.1:*"])
    .annotations({
      description:
        "The browser pages that may call, besides the gateway's own host; all others get a 403. `*` stands for any text."
    })
    .pipe(Schema.fromKey("cors_origins")),
  hosts: orDefault(Strings, () => []).annotations({
    description:
      "Further names by which requests may address the gateway where it listens on the loopback: a proxy's public name, or `host.docker.internal`. `*` stands for any text. [Why](#who-may-ask)."
  }),
  maxInFlight: orDefault(Count, () => 5_000)
    .annotations({
      description:
        "So many requests may be under way at once, from the end of their bodies on; what is more waits (`queue`). Twice as many connections may be open, and `queue.size` more, at least 256; further ones are closed."
    })
    .pipe(Schema.fromKey("max_in_flight")),
  queue: orDefault(Queue, () => Schema.decodeSync(Queue)({})).annotations({
    description:
      "How requests wait when `max_in_flight` is reached, the server's or that of every backend that could serve them."
  }),
  readyDelay: orDefault(DurationText, () => Duration.zero)
    .annotations({
      description:
        "How long the gateway goes on as before after SIGTERM, while `GET /ready` says 503, so that a balancer can look elsewhere."
    })
    .pipe(Schema.fromKey("ready_delay")),
  operatorEndpoints: orDefault(Schema.Boolean, () => false)
    .annotations({ description: "Whether `GET /v1/backends` shows what is thought of each backend." })
    .pipe(Schema.fromKey("operator_endpoints")),
  operatorKey: optional(OperatorKey)
    .annotations({
      description: "What it must be asked with, as `Authorization: Bearer`; anybody may ask without one."
    })
    .pipe(Schema.fromKey("operator_key")),
  explainHeaders: orDefault(Schema.Boolean, () => false)
    .annotations({
      description:
        "Whether answers and errors tell callers in `x-causeway-*` headers which backends were asked and how each failed. [How](failover.md#what-a-caller-can-be-told)."
    })
    .pipe(Schema.fromKey("explain_headers")),
  trustedProxies: orDefault(ProxyRanges, () => [])
    .annotations({
      description:
        "Addresses and CIDR ranges, IPv4 or IPv6, of proxies whose `X-Forwarded-For` or `X-Real-IP` names the caller in records."
    })
    .pipe(Schema.fromKey("trusted_proxies")),
  workers: orDefault(Workers, () => 1).annotations({
    description:
      "So many processes serve on the one port, each on a core of its own; `auto` is one for each core. They share the limits above, but for `max_bytes_in_flight`, and every `max_in_flight`. Read at start only. [What it means](workers.md)."
  }),
  upstream: orDefault(Schema.Literal("http1", "undici"), () => "http1" as const).annotations({
    description:
      "What speaks HTTP/1.1 to backends: `http1` is the gateway's own client, `undici` Node's, to fall back to should a backend not get along with it; each event of a stream then costs more. Read at start only."
  })
})

const Log = Schema.Struct({
  durability: orDefault(Durability, () => "wal" as const).annotations({
    description:
      "When a row is on the disk: `relaxed` when the database has taken it, `wal` within 50 ms in a spool beside the database, `sync` before the caller is sent the end of its answer. [What each may lose](records.md)."
  }),
  bodies: orDefault(Bodies, () => "redacted" as const).annotations({
    description:
      "`full` stores requests and answers whole, `redacted` replaces images, audio and files by type, size and hash, `none` stores neither."
  }),
  archive: orDefault(Schema.Boolean, () => true).annotations({
    description:
      "When the first record of a later month comes, the database is moved to `record_YYYYMM.db` beside it and a new one begun."
  }),
  maxBody: orDefault(SizeText, () => 1024 ** 2)
    .annotations({ description: "So much of a streamed answer is kept for its row, which then says `truncated`." })
    .pipe(Schema.fromKey("max_body")),
  retention: optional(RetentionText).annotations({
    description:
      "Deletes the oldest archives: `12 months`, or a size of all record files together such as `50GiB`. Without it they are kept for ever."
  })
})

/**
 * How callers are served.
 *
 * @category models
 * @since 0.1.0
 */
export type ServerSettings = typeof Server.Type

/**
 * How records are kept.
 *
 * @category models
 * @since 0.1.0
 */
export type LogSettings = typeof Log.Type

/**
 * What {@link LogSettings} are where nothing is said of them.
 *
 * @category functions
 * @since 0.1.0
 */
export const defaultLog: LogSettings = Schema.decodeSync(Log)({})

/**
 * The configuration: what `config.yaml` says, with every default filled in.
 *
 * @category models
 * @since 0.1.0
 */
export const GatewayConfig = Schema.Struct({
  backends: required(
    Schema.Array(Backend).pipe(Schema.minItems(1), Schema.annotations({ title: "a list of at least one backend" })),
    "openai_clients"
  ).annotations({ description: "The backends, at least one." }),
  clean: orDefault(Cleaning.Clean, () => Cleaning.usual).annotations({
    description: "What is made of the messages of a chat before a backend gets them. `none`: nothing."
  }),
  server: orDefault(Server, () => Schema.decodeSync(Server)({})).annotations({
    description: "How callers are served."
  }),
  log: orDefault(Log, () => Schema.decodeSync(Log)({})).annotations({ description: "The records of the exchanges." })
})
export interface GatewayConfig extends Schema.Schema.Type<typeof GatewayConfig> {
  readonly backends: ReadonlyArray<Backend>
}

/**
 * A configuration as an operator writes it: the keys of `config.yaml`.
 *
 * @category models
 * @since 0.1.0
 */
export type Plain = typeof GatewayConfig.Encoded

/**
 * Decodes a configuration of plain values; everything that is wrong with it comes back at once.
 *
 * @example
 * ```ts
 * import { GatewayConfig } from "causeway"
 * import * as Either from "effect/Either"
 *
 * const decoded = GatewayConfig.decode({ openai_clients: [{ name: "demo", base_url: "demo:" }] })
 * if (Either.isLeft(decoded)) console.log(decoded.left)
 * ```
 *
 * @category functions
 * @since 0.1.0
 */
export const decode = (plain: unknown): Either.Either<GatewayConfig, ReadonlyArray<ConfigIssue.ConfigIssue>> =>
  decodeRead(withoutNotes(plain))

const decodeRead = (plain: unknown): Either.Either<GatewayConfig, ReadonlyArray<ConfigIssue.ConfigIssue>> => {
  const decoded = ParseResult.decodeUnknownEither(GatewayConfig)(plain, { errors: "all", onExcessProperty: "error" })
  const config = Either.isRight(decoded) ? withCleaning(decoded.right) : undefined
  const backends = config?.backends ?? readBackends(plain)
  const issues = [
    ...Option.match(Either.getLeft(decoded), {
      onNone: () => [],
      onSome: (issue) => ConfigIssue.fromParseIssue(issue, plain)
    }),
    ...Unclaimed.find(plain),
    ...duplicateNames(backends),
    ...danglingFallbacks(backends),
    ...tagsSaidTwice(backends),
    ...Reach.issues(backends),
    ...(config === undefined ? [] : unshareable(config))
  ]
  return config !== undefined && issues.length === 0 ? Either.right(withKeys(config)) : Either.left(issues)
}

// Keys that begin with `x-` hold what others repeat, such as the anchors of a file.
const withoutNotes = (plain: unknown): unknown =>
  JsonObject.is(plain) && Object.keys(plain).some(isNote)
    ? Object.fromEntries(Object.entries(plain).filter(([key]) => !isNote(key)))
    : plain

const isNote = (key: string): boolean => key.startsWith("x-")

const withCleaning = (written: Schema.Schema.Type<typeof GatewayConfig>): GatewayConfig => ({
  ...written,
  backends: allSettled(written.backends, written.clean)
})

const allSettled = (backends: ReadonlyArray<Written>, clean: Cleaning.Cleaning): ReadonlyArray<Backend> =>
  backends.map((backend) => settled(backend, clean))

// Among backends with keys a caller's key would be a stranger's: whoever wants it there has to say so.
const withKeys = (config: GatewayConfig): GatewayConfig =>
  config.backends.some(Credentials.hasKey)
    ? config
    : { ...config, backends: config.backends.map((backend) => ({ ...backend, apiKey: Option.some(ApiKey.callers) })) }

// What else is wrong, with a misspelled key for instance, need not hide what is wrong among the backends.
const readBackends = (plain: unknown): ReadonlyArray<Backend> =>
  Option.match(Schema.decodeUnknownOption(Schema.Struct({ backends: GatewayConfig.fields.backends }))(plain), {
    onNone: () => [],
    onSome: ({ backends }) => allSettled(backends, Cleaning.usual)
  })

const duplicateNames = (backends: ReadonlyArray<Backend>): ReadonlyArray<ConfigIssue.ConfigIssue> =>
  backends.flatMap(({ name }, index) => {
    const first = backends.findIndex((other) => other.name === name)
    if (first === index) return []
    return [{ path: ["openai_clients", index, "name"], message: `"${name}" is already openai_clients[${first}]` }]
  })

const tagsSaidTwice = (backends: ReadonlyArray<Backend>): ReadonlyArray<ConfigIssue.ConfigIssue> =>
  backends.flatMap(({ cleanKeys, stripTags }, index) =>
    Option.isSome(stripTags) && Option.isSome(cleanKeys.stripTags)
      ? [
          {
            path: ["openai_clients", index, "strip_tags"],
            message: "is the older name of clean.strip_tags, which is said here, too; keep only one of them"
          }
        ]
      : []
  )

// What `auto` becomes heeds the limits.
const unshareable = ({ backends, server }: GatewayConfig): ReadonlyArray<ConfigIssue.ConfigIssue> =>
  server.workers === "auto" ? [] : WorkerShare.unshareable({ backends, server }, server.workers)

const danglingFallbacks = (backends: ReadonlyArray<Backend>): ReadonlyArray<ConfigIssue.ConfigIssue> => {
  const routes = RouteTable.make(backends)
  const names = backends.flatMap((backend) => [backend.name, ...Object.keys(backend.models), ...backend.match.value])
  return backends.flatMap((backend, index) => {
    const target = Option.getOrUndefined(backend.fallback)
    if (
      target === undefined ||
      SpokenProtocol.operationsOf(backend.protocols).some(
        (operation) => routes.resolve(operation, target, target).length > 0
      )
    ) {
      return []
    }
    const message = `no backend serves a model "${target}" and none is named so${ConfigIssue.didYouMean(target, names)}`
    return [{ path: ["openai_clients", index, "fallback"], message }]
  })
}
