import { parentPort, workerData } from "node:worker_threads"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import { reasonOf } from "../domain/Failure.js"
import { LoggedRecord } from "../domain/RequestRecord.js"
import * as RecordStats from "./RecordStats.js"
import * as Recorder from "./Recorder.js"
import * as ThreadMessages from "./ThreadMessages.js"

// The program of the thread in which records are written; WriterFace is its other end.

const say = (report: ThreadMessages.Report): void => parentPort?.postMessage(report)

const decode = Schema.decodeUnknown(ThreadMessages.Order)

const isRecord = Schema.is(LoggedRecord)

const statsInterval = "200 millis"

const program = Effect.gen(function* () {
  const begin = yield* Schema.decodeUnknown(ThreadMessages.Begin)(workerData)
  const inbox = yield* Queue.unbounded<unknown>()
  parentPort?.on("message", (message) => inbox.unsafeOffer(message))
  let stats = () => RecordStats.none
  let said = JSON.stringify(stats())
  const sayStats = Effect.sync(() => {
    const now = JSON.stringify(stats())
    if (now !== said) say({ _tag: "Stats", stats: stats() })
    said = now
  })
  // Registered before the recorder's own, so that it tells what that still does at its end.
  yield* Effect.addFinalizer(() => sayStats)
  const recorder = yield* Recorder.make({
    path: begin.path,
    ...(begin.spoolSize === undefined ? {} : { spoolSize: begin.spoolSize })
  })
  stats = recorder.stats
  say({ _tag: "Ready" })
  yield* Effect.forkScoped(Effect.forever(Effect.zipRight(Effect.sleep(statsInterval), sayStats)))

  for (;;) {
    const order = yield* Effect.flatMap(Queue.take(inbox), decode)
    if (order._tag === "Close") return
    const { number, settings } = order
    const records = order.records.filter(isRecord)
    const strange = order.records.length - records.length
    if (strange > 0) {
      yield* Effect.logError(`${strange} of ${order.records.length} records could not be read and were dropped`)
    }
    const failure = yield* recorder.append(records, settings).pipe(
      Effect.as(null),
      Effect.catchAll((failed) => Effect.succeed(reasonOf(failed.cause))),
      Effect.catchAllDefect((defect) => Effect.succeed(reasonOf(defect)))
    )
    yield* sayStats
    say({ _tag: "Appended", number, failure })
  }
}).pipe(
  Effect.scoped,
  Effect.catchAll((failure) =>
    Effect.sync(() => say({ _tag: "Unavailable", reason: reasonOf(failure.cause ?? failure) }))
  )
)

const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
  const text = (Array.isArray(message) ? message : [message]).map(String).join(" ")
  const level = LogLevel.greaterThanEqual(logLevel, LogLevel.Error)
    ? "Error"
    : LogLevel.greaterThanEqual(logLevel, LogLevel.Warning)
      ? "Warning"
      : "Info"
  say({ _tag: "Line", level, text })
})

await Effect.runPromise(
  Effect.provide(
    program,
    Layer.mergeAll(NodeFileSystem.layer, NodePath.layer, Logger.replace(Logger.defaultLogger, logger))
  )
)
parentPort?.close()
