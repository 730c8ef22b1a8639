import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Scope from "effect/Scope"
import * as ConfigRef from "../../src/config/ConfigRef.js"
import type { ConfigInvalid } from "../../src/domain/failure/Failure.js"
import type { RequestRecord } from "../../src/domain/record/RequestRecord.js"
import { Completions } from "../../src/exchange/Completions.js"
import * as Gateway from "../../src/Gateway.js"
import * as RequestLog from "../../src/records/RequestLog.js"

/** A gateway without a socket, its records in memory. */
export interface LocalGateway {
  readonly completions: Context.Tag.Service<Completions>
  readonly records: ReadonlyArray<RequestRecord>
  /** Closes its layer. */
  readonly stop: Effect.Effect<void>
}

/** Starts a gateway with this configuration; it stops with the scope. */
export const make = (config: Gateway.Config): Effect.Effect<LocalGateway, ConfigInvalid, Scope.Scope> =>
  Effect.gen(function* () {
    const records: Array<RequestRecord> = []
    const layer = Gateway.layerCustom.pipe(
      Layer.provide([RequestLog.layerMemory(records), ConfigRef.layerStatic(config)]),
      Layer.provide(Logger.minimumLogLevel(LogLevel.None))
    )
    const scope = yield* Scope.make()
    const stop = Scope.close(scope, Exit.void)
    yield* Effect.addFinalizer(() => stop)
    const context = yield* Layer.buildWithScope(layer, scope)
    return { completions: Context.get(context, Completions), records, stop }
  })
