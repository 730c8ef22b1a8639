import * as HttpServer from "@effect/platform/HttpServer"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as ConfigRef from "../../src/config/ConfigRef.js"
import type { RequestRecord } from "../../src/domain/record/RequestRecord.js"
import * as Gateway from "../../src/Gateway.js"
import { Drain } from "../../src/exchange/Drain.js"
import { RequestLog } from "../../src/records/RequestLog.js"
import * as LogLines from "./LogLines.js"
import { until } from "./Until.js"

/** A gateway that a test stops itself. */
export interface Stopping {
  readonly url: string
  readonly log: LogLines.LogLines
  /** What the log has taken, in order; after its end it takes nothing. */
  readonly records: ReadonlyArray<RequestRecord>
  /** How many records came after the log had closed. */
  readonly late: () => number
  /** Begins to stop; the inner effect waits for the end of it and says how long it took, in ms. */
  readonly stop: Effect.Effect<Effect.Effect<number>>
}

/** What a log does with a record, beside keeping it. */
export type Recording = (record: RequestRecord) => Effect.Effect<void>

/** Starts a gateway on a real socket whose log closes as the real one does. */
export const make = (
  config: Gateway.Config,
  recording: Recording = () => Effect.void
): Effect.Effect<Stopping, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const records: Array<RequestRecord> = []
    let closed = false
    let late = 0
    const log = LogLines.make()
    const requestLog = Layer.scoped(
      RequestLog,
      Effect.gen(function* () {
        yield* Effect.addFinalizer(() => Effect.sync(() => (closed = true)))
        return {
          record: (record) =>
            Effect.zipRight(
              Effect.sync(() => {
                if (closed) late++
                else records.push(record)
              }),
              Effect.suspend(() => recording(record))
            )
        }
      })
    )
    const layer = Gateway.serve({ host: "127.0.0.1", port: 0 }).pipe(
      Layer.provideMerge(Gateway.layerCustom),
      Layer.provide([requestLog, ConfigRef.layerStatic(config)]),
      Layer.provide(log.layer)
    )
    const scope = yield* Scope.make()
    const context = yield* Layer.buildWithScope(layer, scope)
    const ended = yield* Deferred.make<number>()
    const stop = Effect.gen(function* () {
      const before = performance.now()
      yield* Scope.close(scope, Exit.void).pipe(
        Effect.zipRight(Effect.sync(() => performance.now() - before)),
        Effect.intoDeferred(ended),
        Effect.forkDaemon
      )
      yield* Effect.promise(() => until(Context.get(context, Drain).isDraining))
      return Deferred.await(ended)
    })
    yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
    return {
      url: Gateway.addressOf(Context.get(context, HttpServer.HttpServer)),
      log,
      records,
      late: () => late,
      stop
    }
  })
