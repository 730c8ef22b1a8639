import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { Backend } from "./Backend.js"
import * as ConfigIssue from "./ConfigIssue.js"
import { DurationText, optional, orDefault, required, SizeText, Strings } from "./ConfigSchema.js"
import * as RouteTable from "./RouteTable.js"

const Server = Schema.Struct({
  drain: orDefault(DurationText, () => Duration.seconds(30)).annotations({
    description: "How long running answers may go on after SIGTERM."
  }),
  keepalive: optional(DurationText).annotations({
    description: "A comment is sent to a stream's caller after this long a silence; some clients cannot read comments."
  }),
  maxBody: orDefault(SizeText, () => 32 * 1024 ** 2)
    .annotations({ description: "Larger requests get a 413." })
    .pipe(Schema.fromKey("max_body")),
  corsOrigins: orDefault(Strings, () => ["http://localhost:*", "http://127.0.0.1:*"])
    .annotations({ description: "The browser pages that may call; `*` stands for any text." })
    .pipe(Schema.fromKey("cors_origins"))
})

const Log = Schema.Struct({
  archive: orDefault(Schema.Boolean, () => true).annotations({
    description:
      "When the first record of a later month comes, the database is moved to `record_YYYYMM.db` beside it and a new one begun."
  })
})

/** The configuration: what `config.yaml` says, with every default filled in. */
export const GatewayConfig = Schema.Struct({
  backends: required(
    Schema.Array(Backend).pipe(Schema.minItems(1), Schema.annotations({ title: "a list of at least one backend" })),
    "openai_clients"
  ).annotations({ description: "The backends, at least one." }),
  server: orDefault(Server, () => Schema.decodeSync(Server)({})).annotations({
    description: "How callers are served."
  }),
  log: orDefault(Log, () => Schema.decodeSync(Log)({})).annotations({ description: "The records of the exchanges." })
})
export interface GatewayConfig extends Schema.Schema.Type<typeof GatewayConfig> {}

/** A configuration as an operator writes it: the keys of `config.yaml`. */
export type Plain = typeof GatewayConfig.Encoded

/** Decodes a configuration of plain values; everything that is wrong with it comes back at once. */
export const decode = (plain: unknown): Either.Either<GatewayConfig, ReadonlyArray<ConfigIssue.ConfigIssue>> => {
  const decoded = ParseResult.decodeUnknownEither(GatewayConfig)(plain, { errors: "all", onExcessProperty: "error" })
  const backends = Either.isRight(decoded) ? decoded.right.backends : Option.getOrElse(readBackends(plain), () => [])
  const issues = [
    ...Option.match(Either.getLeft(decoded), {
      onNone: () => [],
      onSome: (issue) => ConfigIssue.fromParseIssue(issue)
    }),
    ...duplicateNames(backends),
    ...danglingFallbacks(backends)
  ]
  return Either.isRight(decoded) && issues.length === 0 ? Either.right(decoded.right) : Either.left(issues)
}

// What else is wrong, with a misspelled key for instance, need not hide what is wrong among the backends.
const readBackends = (plain: unknown): Option.Option<ReadonlyArray<Backend>> =>
  Option.map(
    Schema.decodeUnknownOption(Schema.Struct({ backends: GatewayConfig.fields.backends }))(plain),
    ({ backends }) => backends
  )

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
