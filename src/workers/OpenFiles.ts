import * as fs from "node:fs"
import { devNull } from "node:os"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ConfigRef } from "../config/ConfigRef.js"
import * as OwnShortage from "../domain/failure/OwnShortage.js"
import { WorkerSeat } from "../http/WorkerSeat.js"

/** How often it is looked whether this process can open files, each connection being one. */
const interval = "5 seconds"

/** So many files a request needs: its caller's connection, and its backend's. */
const perRequest = 2

/** How many files this process may have open at once, where the system tells. */
const limit: Effect.Effect<number | undefined> = Effect.tryPromise(() =>
  fs.promises.readFile("/proc/self/limits", "utf8")
).pipe(
  Effect.map((limits) => {
    const [, soft] = /^Max open files +(\d+)/m.exec(limits) ?? []
    return soft === undefined ? undefined : Number(soft)
  }),
  Effect.orElseSucceed(() => undefined)
)

// Workers share the limit of requests, and each has a limit of files of its own: one of them speaks for all.
const warn = Effect.gen(function* () {
  const seat = yield* WorkerSeat
  if (seat !== undefined && seat.number > 1) return
  const { maxInFlight } = (yield* (yield* ConfigRef).current).config.server
  const files = yield* limit
  if (files === undefined || files >= perRequest * maxInFlight) return
  yield* Effect.logWarning(
    `This process may open ${files} files (ulimit -n), but ${maxInFlight} requests at once (server.max_in_flight) need ${perRequest * maxInFlight}`
  )
})

const shortage = Effect.async<OwnShortage.OwnShortage | undefined>((resume) =>
  fs.open(devNull, (error, file) => {
    if (error !== null) return resume(Effect.succeed(OwnShortage.of(error)))
    fs.close(file, () => resume(Effect.succeed(undefined)))
  })
)

// The system drops a connection that it cannot give to the process, and tells nobody.
const watch = Effect.gen(function* () {
  let before: OwnShortage.OwnShortage | undefined
  while (true) {
    yield* Effect.sleep(interval)
    const now = yield* shortage
    if (now !== undefined && before === undefined) {
      yield* Effect.logError(`No more files can be opened (${now.what}): connections are dropped until some are closed`)
    }
    if (now === undefined && before !== undefined) yield* Effect.logInfo("Files can be opened again")
    before = now
  }
})

/** Warns when the process may open too few files for its requests, and tells when it can open no more. */
export const layer: Layer.Layer<never, never, ConfigRef> = Layer.scopedDiscard(
  Effect.zipRight(warn, Effect.forkScoped(watch))
)
