import { monitorEventLoopDelay } from "node:perf_hooks"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Context from "effect/Context"
import * as GatewayConfig from "../../src/domain/config/GatewayConfig.js"
import * as RequestLog from "../../src/records/RequestLog.js"
import * as Database from "../support/Database.js"
import * as LogLines from "../support/LogLines.js"
import * as Records from "../support/Records.js"
import * as Temp from "../support/Temp.js"

const perSecond = 5_000
const seconds = 10

describe(`${perSecond} records a second for ${seconds} s`, () => {
  for (const [what, months] of [
    ["in one month", 1],
    ["while the clock goes over the turn of three months", 3]
  ] as const) {
    it.scopedLive(what, () =>
      Effect.gen(function* () {
        const folder = yield* Temp.directory
        const scope = yield* Scope.make()
        const layer = RequestLog.layerSqlite({
          path: `${folder}/record.db`,
          settings: Effect.succeed(GatewayConfig.defaultLog)
        })
        const log = Context.get(yield* Layer.buildWithScope(layer, scope), RequestLog.RequestLog)
        const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: "lorem ipsum ".repeat(150) }] })
        const delay = monitorEventLoopDelay({ resolution: 1 })
        const total = perSecond * seconds
        let sent = 0
        let buffered = 0
        let slowest = 0
        const begun = performance.now()
        delay.enable()
        while (sent < total) {
          const due = Math.min(total, Math.floor(((performance.now() - begun) / 1000) * perSecond))
          for (; sent < due; sent++) {
            const month = Math.floor((sent * months) / total)
            const Time = new Date(Date.UTC(2026, month, 10) + sent).toISOString()
            const before = performance.now()
            Effect.runSync(log.record(Records.record(`r${sent}`, { Time, Request: body, Response: body })))
            slowest = Math.max(slowest, performance.now() - before)
          }
          yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 1)))
          if (log.stats !== undefined) buffered = Math.max(buffered, (yield* log.stats).buffered)
        }
        delay.disable()
        yield* Scope.close(scope, Exit.void)
        const files = Temp.names(folder).filter((name) => name.endsWith(".db"))
        const ids = files.flatMap((name) => Database.query(`${folder}/${name}`, "SELECT id FROM records"))
        const p99 = delay.percentile(99) / 1e6
        console.log(
          `${what}: ${total} offered in ${((performance.now() - begun) / 1000).toFixed(1)} s, ${ids.length} rows in ` +
            `${files.length} files, at most ${buffered} in memory, slowest record() ${slowest.toFixed(2)} ms, event loop ` +
            `delay p50 ${(delay.percentile(50) / 1e6).toFixed(2)} p99 ${p99.toFixed(2)} max ${(delay.max / 1e6).toFixed(2)} ms`
        )
        assert.strictEqual(ids.length, total)
        assert.strictEqual(files.length, months)
        assert.isAtMost(buffered, 10_000)
      }).pipe(Effect.provide(LogLines.make().layer))
    )
  }
})
