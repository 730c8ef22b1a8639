import type * as FileSystem from "@effect/platform/FileSystem"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import type { BootFailure, ConfigMalformed } from "../domain/failure/Failure.js"
import { ConfigInvalid } from "../domain/failure/Failure.js"
import * as ConfigChange from "../domain/config/ConfigChange.js"
import * as KeyShapes from "../domain/config/KeyShapes.js"
import type * as GatewayConfig from "../domain/config/GatewayConfig.js"
import * as RouteTable from "../domain/routing/RouteTable.js"
import * as WorkerShare from "../domain/config/WorkerShare.js"
import * as ConfigFile from "./ConfigFile.js"
import * as FileWatch from "./FileWatch.js"
import * as PlainConfig from "./PlainConfig.js"
import * as Reread from "./Reread.js"

export type { RouteTable } from "../domain/routing/RouteTable.js"

/**
 * A configuration with its compiled routes; an exchange keeps the one it began with.
 *
 * @category models
 * @since 0.1.0
 */
export interface Snapshot {
  readonly config: GatewayConfig.GatewayConfig
  readonly routes: RouteTable.RouteTable
}

/**
 * Holds the configuration in force.
 *
 * @category services
 * @since 0.1.0
 */
export class ConfigRef extends Context.Tag("causeway/ConfigRef")<
  ConfigRef,
  {
    /** The configuration in force now. */
    readonly current: Effect.Effect<Snapshot>
    /** The configuration in force, and every later one. */
    readonly changes: Stream.Stream<Snapshot>
  }
>() {}

/** Keys of `server` whose changes wait for a restart. */
const readAtStart = ["workers", "upstream"] as const

const compile = (config: GatewayConfig.GatewayConfig): Snapshot => ({
  config,
  routes: RouteTable.make(config.backends)
})

/**
 * A configuration that never changes.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerDecoded = (config: GatewayConfig.GatewayConfig): Layer.Layer<ConfigRef> =>
  Layer.effect(ConfigRef, Effect.map(SubscriptionRef.make(compile(config)), serviceOf))

/**
 * A configuration that never changes, written as plain values with the keys of `config.yaml`, and `${VAR}` as there.
 *
 * @example
 * ```ts
 * import { ConfigRef } from "causeway"
 *
 * export const config = ConfigRef.layerStatic({
 *   openai_clients: [{ name: "demo", base_url: "demo:", model_match: { value: "demo" } }]
 * })
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerStatic = (plain: GatewayConfig.Plain): Layer.Layer<ConfigRef, ConfigInvalid> =>
  Layer.unwrapEffect(Effect.map(PlainConfig.read(plain), layerDecoded))

/**
 * A configuration that never changes, made of Effect's `Config`s, whose values stay as they are: `${VAR}` is only text.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (
  config: Config.Config.Wrap<GatewayConfig.Plain>
): Layer.Layer<ConfigRef, ConfigError | ConfigInvalid> =>
  Layer.unwrapEffect(
    Effect.map(
      Effect.flatMap(Config.unwrap(config), (plain) => PlainConfig.decode(plain)),
      layerDecoded
    )
  )

/**
 * A configuration that never changes: the text of a `config.yaml`; `name` is what failures call it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerYaml = (
  text: string,
  name = "config.yaml"
): Layer.Layer<ConfigRef, ConfigMalformed | ConfigInvalid> =>
  Layer.unwrapEffect(Effect.map(ConfigFile.parse(name, text), layerDecoded))

/**
 * The configurations of a stream, each written as that of {@link layerStatic}. The first is waited for; without a valid one
 * the layer fails. A later one that is invalid is reported, and the last good one stays in force. So it does, for good,
 * when the stream ends, and when it fails, which is reported as well.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerChanges = <E, R>(
  changes: Stream.Stream<GatewayConfig.Plain, E, R>
): Layer.Layer<ConfigRef, E | ConfigInvalid, R> =>
  Layer.scoped(
    ConfigRef,
    Effect.gen(function* () {
      const next = oneOf(yield* Stream.toPull(Stream.rechunk(changes, 1)))
      const first = yield* Effect.flatMap(Effect.mapError(next, noFirst), PlainConfig.read)
      const ref = yield* SubscriptionRef.make(compile(first))
      const follow = Effect.flatMap(next, (plain) =>
        Effect.flatMap(PlainConfig.read(plain), (config) =>
          change(ref, first, config, "Configuration changed", aloud)
        ).pipe(keepLastGood(aloud))
      )
      yield* Effect.forkScoped(Effect.catchAllCause(Effect.forever(follow), noMore))
      return serviceOf(ref)
    })
  )

/**
 * The configuration of a file, read again within two seconds of every change, once it has been the same for one. A file that
 * has become unreadable or invalid is reported with the place of each mistake, and the last good configuration stays in
 * force. A worker with this seat has its part of every limit, and leaves the reports to the process that has begun it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerFile = (
  path: string,
  seat?: WorkerShare.Seat
): Layer.Layer<ConfigRef, BootFailure, FileSystem.FileSystem> =>
  Layer.scoped(
    ConfigRef,
    Effect.gen(function* () {
      const reports = seat === undefined ? aloud : quietly
      let keyFiles: ReadonlyArray<string> = []
      const load = Effect.suspend(() => open(path, seat, (files) => (keyFiles = files)))
      const look = Effect.suspend(() => FileWatch.look([path, ...keyFiles]))
      const before = yield* look
      const opened = yield* load
      const withKeys = yield* look
      // Which files hold keys is known only now; what is looked at first and read then cannot change unnoticed.
      const first = keyFiles.length === 0 ? opened : yield* load
      const watch = FileWatch.make(keyFiles.length === 0 ? before : withKeys)
      const ref = yield* SubscriptionRef.make(compile(first.config))
      yield* adviseOn(path, first, reports)

      let isAsked = false
      const refresh = Effect.gen(function* () {
        const now = yield* look
        // Whoever asks for it knows that the file is written.
        if (!watch.isSettled(now) && !isAsked) return
        const result = yield* Effect.either(load)
        if (!watch.take(yield* look)) return
        isAsked = false
        const next = yield* result
        yield* change(ref, first.config, next.config, `Configuration reloaded from ${path}`, reports)
        yield* adviseOn(path, next, reports)
      })

      const asked = yield* Effect.makeLatch()
      yield* Reread.onAsked(() => {
        isAsked = true
        asked.unsafeOpen()
      })
      const wait = Effect.zipRight(Effect.timeoutOption(asked.await, FileWatch.interval), asked.close)
      yield* Effect.forkScoped(Effect.forever(Effect.zipRight(keepLastGood(reports)(refresh), wait)))
      return serviceOf(ref)
    })
  )

type Reference = SubscriptionRef.SubscriptionRef<Snapshot>

const serviceOf = (ref: Reference): Context.Tag.Service<ConfigRef> => ({
  current: SubscriptionRef.get(ref),
  changes: ref.changes
})

/** How changes are told to operators. */
interface Reports {
  readonly report: (text: string) => Effect.Effect<void>
  readonly warn: (text: string) => Effect.Effect<void>
  readonly complain: (text: string) => Effect.Effect<void>
}

const aloud: Reports = { report: Effect.logInfo, warn: Effect.logWarning, complain: Effect.logError }
const quietly: Reports = { report: Effect.logDebug, warn: Effect.logDebug, complain: Effect.logDebug }

const change = Effect.fnUntraced(function* (
  ref: Reference,
  first: GatewayConfig.GatewayConfig,
  config: GatewayConfig.GatewayConfig,
  told: string,
  { report, warn }: Reports
) {
  const { config: before } = yield* SubscriptionRef.get(ref)
  yield* SubscriptionRef.set(ref, compile(config))
  yield* report(`${told}: ${ConfigChange.told(before, config)}`)
  for (const key of readAtStart) {
    if (config.server[key] === first.server[key]) continue
    yield* warn(`server.${key} is read at start only: restart to have ${config.server[key]}`)
  }
})

const keepLastGood =
  ({ complain }: Reports) =>
  <E extends { readonly message: string }, R>(reload: Effect.Effect<void, E, R>): Effect.Effect<void, never, R> =>
    reload.pipe(
      Effect.catchAll((failure) =>
        complain(`Configuration not reloaded, the last good one stays in force\n${failure.message}`)
      ),
      Effect.catchAllDefect((defect) => Effect.logError("Configuration not reloaded", defect))
    )

const oneOf = <A, E, R>(pull: Effect.Effect<Chunk.Chunk<A>, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(pull, (chunk) =>
    Option.match(Chunk.head(chunk), { onNone: () => oneOf(pull), onSome: (each) => Effect.succeed(each) })
  )

const noFirst = <E>(failure: Option.Option<E>): E | ConfigInvalid =>
  Option.getOrElse(failure, () => {
    const message = "there is none: the stream has ended before its first"
    return new ConfigInvalid({ issues: [{ path: [], message }] })
  })

// Where it has but ended there is no cause left.
const noMore = (cause: Cause.Cause<Option.Option<unknown>>): Effect.Effect<void> =>
  Option.match(Cause.flipCauseOption(cause), {
    onNone: () => Effect.void,
    onSome: (failed) =>
      Cause.isInterruptedOnly(failed)
        ? Effect.void
        : Effect.logError(`Configurations come no more, the last good one stays in force\n${Cause.pretty(failed)}`)
  })

// The configuration of a file, or a worker's part of it.
const open = Effect.fnUntraced(function* (
  path: string,
  seat: WorkerShare.Seat | undefined,
  onKeyFiles: (files: ReadonlyArray<string>) => void
) {
  const opened = yield* ConfigFile.open(path, onKeyFiles)
  if (seat === undefined) return opened
  const { config, place } = opened
  const issues = WorkerShare.unshareable(config, seat.of)
  if (issues.length > 0) return yield* new ConfigInvalid({ path, issues: issues.map(place) })
  return { ...opened, config: WorkerShare.of(config, seat) }
})

// Such a key is refused by its backend, and nobody sees why.
const adviseOn = (path: string, { config, place }: ConfigFile.Opened, { warn }: Reports): Effect.Effect<void> =>
  Effect.forEach(
    KeyShapes.find(config.backends),
    (issue) => warn(new ConfigInvalid({ path, issues: [place(issue)] }).message),
    { discard: true }
  )
