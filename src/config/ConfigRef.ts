import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import type { BootFailure } from "../domain/failure/Failure.js"
import { ConfigInvalid } from "../domain/failure/Failure.js"
import * as GatewayConfig from "../domain/config/GatewayConfig.js"
import * as RouteTable from "../domain/routing/RouteTable.js"
import * as WorkerShare from "../domain/config/WorkerShare.js"
import * as ConfigFile from "./ConfigFile.js"

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
export class ConfigRef extends Context.Tag("causeway/config/ConfigRef")<
  ConfigRef,
  {
    /** The configuration in force now. */
    readonly current: Effect.Effect<Snapshot>
    /** The configuration in force, and every later one. */
    readonly changes: Stream.Stream<Snapshot>
  }
>() {}

/** How often a configuration file is looked at. */
const pollInterval = "1 second"

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
  Layer.effect(
    ConfigRef,
    Effect.map(SubscriptionRef.make(compile(config)), (ref) => ({
      current: SubscriptionRef.get(ref),
      changes: ref.changes
    }))
  )

/**
 * A configuration that never changes, written as plain values with the keys of `config.yaml`.
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
  Layer.unwrapEffect(
    Either.mapBoth(GatewayConfig.decode(plain), {
      onLeft: (issues) => new ConfigInvalid({ issues }),
      onRight: layerDecoded
    })
  )

/**
 * The configuration of a file, read again within a second of every change. A file that has become unreadable or invalid
 * is reported with the place of each mistake, and the last good configuration stays in force. A worker with this seat has
 * its part of every limit, and leaves the reports to the process that has begun it.
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
      const files = yield* FileSystem.FileSystem
      const load = seat === undefined ? ConfigFile.load(path) : loadShare(path, seat)
      const [report, warn, complain] =
        seat === undefined
          ? [Effect.logInfo, Effect.logWarning, Effect.logError]
          : [Effect.logDebug, Effect.logDebug, Effect.logDebug]
      let seen = yield* fingerprint(files, path)
      const first = yield* load
      const ref = yield* SubscriptionRef.make(compile(first))

      const refresh = Effect.gen(function* () {
        const now = yield* fingerprint(files, path)
        if (now === seen) return
        seen = now
        const config = yield* load
        yield* SubscriptionRef.set(ref, compile(config))
        yield* report(`Configuration reloaded from ${path}`)
        for (const key of readAtStart) {
          if (config.server[key] === first.server[key]) continue
          yield* warn(`server.${key} is read at start only: restart to have ${config.server[key]}`)
        }
      }).pipe(
        Effect.catchAll((failure) =>
          complain(`Configuration not reloaded, the last good one stays in force\n${failure.message}`)
        ),
        Effect.catchAllDefect((defect) => Effect.logError("Configuration not reloaded", defect))
      )

      yield* Effect.forkScoped(Effect.repeat(refresh, Schedule.spaced(pollInterval)))
      return { current: SubscriptionRef.get(ref), changes: ref.changes }
    })
  )

const loadShare = Effect.fnUntraced(function* (path: string, seat: WorkerShare.Seat) {
  const { config, place } = yield* ConfigFile.open(path)
  const issues = WorkerShare.unshareable(config, seat.of)
  if (issues.length > 0) return yield* new ConfigInvalid({ path, issues: issues.map(place) })
  return WorkerShare.of(config, seat)
})

// Symbolic links are followed, so that an atomically replaced link (a mounted ConfigMap) is seen too.
const fingerprint = (files: FileSystem.FileSystem, path: string): Effect.Effect<string> =>
  files.stat(path).pipe(
    Effect.map(({ ino, mtime, size }) => {
      const modified = Option.match(mtime, { onNone: () => 0, onSome: (date) => date.getTime() })
      return `${modified} ${size} ${Option.getOrElse(ino, () => 0)}`
    }),
    Effect.orElseSucceed(() => "unreadable")
  )
