import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { RequestLog, layerSqlite } from "../../dist/records/RequestLog.js"

// Records 300 rows, which are otherwise as the one that it is given, with names of a million characters while the disk takes none, and then one that is as others are.

const [folder = "", plain = "{}"] = process.argv.slice(2)

const row = (id, Model) => ({ ...JSON.parse(plain), id, Model, RequestedModel: Model })

const turn = Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 5)))

const program = Effect.gen(function* () {
  const log = yield* RequestLog
  fs.renameSync(folder, `${folder}.gone`)
  let most = 0
  for (let n = 0; n < 300; n++) {
    // Each by itself, as JSON.parse would make them.
    yield* log.record(row(`r${n}`, JSON.parse(JSON.stringify(`${n}${(n % 2 === 0 ? "日" : "x").repeat(1_000_000)}`))))
    yield* turn
    most = Math.max(most, (yield* log.stats).bufferedBytes)
  }
  const waiting = (yield* log.stats).waiting
  fs.renameSync(`${folder}.gone`, folder)
  yield* log.record(row("last", "m"))
  while ((yield* log.stats).waiting > 0 || (yield* log.stats).stored === 0) yield* turn
  process.stdout.write(JSON.stringify({ most, waiting, lost: (yield* log.stats).lost }))
})

await Effect.runPromise(
  program.pipe(
    Effect.provide(layerSqlite({ path: `${folder}/record.db` })),
    Effect.provide(Logger.replace(Logger.defaultLogger, Logger.none))
  )
)
