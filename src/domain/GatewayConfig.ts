import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { Backend } from "./Backend.js"
import * as ConfigIssue from "./ConfigIssue.js"
import { DurationText, optional, orDefault, SizeText, Strings } from "./ConfigSchema.js"
import * as IpRange from "./IpRange.js"
import { RetentionText } from "./Retention.js"
import * as RouteTable from "./RouteTable.js"

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
    encode: (list, _, ast) => ParseResult.fail(new ParseResult.Forbidden(ast, list, "ranges are only read"))
  }
).annotations({ title: ranges })

const Server = Schema.Struct({
  drain: orDefault(DurationText, () => Duration.seconds(30)),
  keepalive: optional(DurationText),
  maxBody: orDefault(SizeText, () => 32 * 1024 ** 2).pipe(Schema.fromKey("max_body")),
  corsOrigins: orDefault(Strings, () => ["http://localhost:*", "http://127.0.0.1:*"]).pipe(
    Schema.fromKey("cors_origins")
  ),
  trustedProxies: orDefault(ProxyRanges, () => []).pipe(Schema.fromKey("trusted_proxies"))
})

const Log = Schema.Struct({
  durability: orDefault(Schema.Literal("relaxed", "wal", "sync"), () => "wal" as const),
  bodies: orDefault(Schema.Literal("full", "redacted", "none"), () => "redacted" as const),
  archive: orDefault(Schema.Boolean, () => true),
  retention: optional(RetentionText)
})

/** How records are kept. */
export type LogSettings = typeof Log.Type

/** What {@link LogSettings} are where nothing is said of them. */
export const defaultLog: LogSettings = Schema.decodeSync(Log)({})

/** The configuration: what `config.yaml` says, with every default filled in. */
export const GatewayConfig = Schema.Struct({
  backends: Schema.propertySignature(
    Schema.Array(Backend).pipe(Schema.minItems(1), Schema.annotations({ title: "a list of at least one backend" }))
  ).pipe(Schema.fromKey("openai_clients")),
  server: orDefault(Server, () => Schema.decodeSync(Server)({})),
  log: orDefault(Log, () => Schema.decodeSync(Log)({}))
})
export interface GatewayConfig extends Schema.Schema.Type<typeof GatewayConfig> {}

/** A configuration as an operator writes it: the keys of `config.yaml`. */
export type Plain = typeof GatewayConfig.Encoded

/** Decodes a configuration of plain values; everything that is wrong with it comes back at once. */
export const decode = (plain: unknown): Either.Either<GatewayConfig, ReadonlyArray<ConfigIssue.ConfigIssue>> => {
  const decoded = ParseResult.decodeUnknownEither(GatewayConfig)(plain, { errors: "all", onExcessProperty: "error" })
  if (Either.isLeft(decoded)) return Either.left(ConfigIssue.fromParseIssue(decoded.left))
  const issues = [...duplicateNames(decoded.right.backends), ...danglingFallbacks(decoded.right.backends)]
  return issues.length === 0 ? Either.right(decoded.right) : Either.left(issues)
}

const duplicateNames = (backends: ReadonlyArray<Backend>): ReadonlyArray<ConfigIssue.ConfigIssue> =>
  backends.flatMap(({ name }, index) => {
    const first = backends.findIndex((other) => other.name === name)
    if (first === index) return []
    return [{ path: ["openai_clients", index, "name"], message: `"${name}" is already openai_clients[${first}]` }]
  })

const danglingFallbacks = (backends: ReadonlyArray<Backend>): ReadonlyArray<ConfigIssue.ConfigIssue> => {
  const routes = RouteTable.make(backends)
  const names = backends.flatMap((backend) => [backend.name, ...backend.match.value])
  return backends.flatMap((backend, index) => {
    const target = Option.getOrUndefined(backend.fallback)
    if (target === undefined || routes.resolve(target, target).length > 0) return []
    const message = `no backend serves a model "${target}" and none is named so${ConfigIssue.didYouMean(target, names)}`
    return [{ path: ["openai_clients", index, "fallback"], message }]
  })
}
