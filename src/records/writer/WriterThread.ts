import { parentPort } from "node:worker_threads"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type { ParseError } from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { reasonOf } from "../../domain/failure/Failure.js"
import { isLogged } from "../../domain/record/RequestRecord.js"
import * as RecordStats from "../read/RecordStats.js"
import * as Recorder from "./Recorder.js"
import * as MonthlyRotation from "../store/MonthlyRotation.js"
import * as SpareMemory from "../../process/SpareMemory.js"
import * as ThreadMessages from "./ThreadMessages.js"

// The program of the thread in which records are written; WriterClient is its other end.

const say = (report: ThreadMessages.Report): void => parentPort?.postMessage(report)

const decode = Schema.decodeUnknownEither(ThreadMessages.Order)

/** In ms. */
const statsInterval = 200

const firstMessage = Effect.async<unknown>((resume) => {
  parentPort?.once("message", (message) => {
    // Without a listener it would not keep the thread running.
    parentPort?.ref()
    resume(Effect.succeed(message))
  })
})

const record = Effect.fnUntraced(function* ({ path, spoolSize }: ThreadMessages.Begin) {
  let stats = () => RecordStats.none
  let said = JSON.stringify(stats())
  const sayStats = () => {
    const now = JSON.stringify(stats())
    if (now !== said) say({ _tag: "Stats", stats: stats() })
    said = now
  }
  // Registered before the recorder's own, so that it tells what that still does at its end.
  yield* Effect.addFinalizer(() => Effect.sync(sayStats))
  const recorder = yield* Recorder.make({ path, ...(spoolSize === undefined ? {} : { spoolSize }) })
  stats = recorder.stats
  const interval = setInterval(sayStats, statsInterval)
  yield* Effect.addFinalizer(() => Effect.sync(() => clearInterval(interval)))
  yield* SpareMemory.keep
  yield* obey(recorder)
}, Effect.scoped)

const program = Effect.flatMap(firstMessage, Schema.decodeUnknown(ThreadMessages.Begin)).pipe(
  Effect.flatMap((begin) => Effect.provide(record(begin), MonthlyRotation.layer(begin))),
  Effect.catchAll((failure) =>
    Effect.sync(() => say({ _tag: "Unavailable", reason: reasonOf(failure.cause ?? failure) }))
  )
)

// Does what it is told until it is told to close.
const obey = Effect.fnUntraced(function* (recorder: Recorder.Recorder) {
  const closed = yield* Deferred.make<void, ParseError | Error>()
  const appends = yield* FiberSet.make()
  const run = yield* FiberSet.runtime(appends)<never>()
  const follow = (order: ThreadMessages.Order) => {
    if (order._tag === "Close") return Deferred.unsafeDone(closed, Effect.void)
    if (order._tag === "Note") return void run(recorder.note(order.records.filter(isLogged)))
    const { records, settings } = order
    // Twenty times a second the engine never warms to a fiber's ways, which then cost more than the disk.
    if (records.every(isLogged) && recorder.appendNow(records, settings)) return answer(recorder, order, null)
    run(append(recorder, order))
  }
  // What cannot be read ends the thread, so that whoever sent it hears of it.
  parentPort?.on("messageerror", (error) => Deferred.unsafeDone(closed, Effect.fail(error)))
  parentPort?.on("message", (message) =>
    Either.match(decode(message), {
      onLeft: (strange) => Deferred.unsafeDone(closed, Effect.fail(strange)),
      onRight: follow
    })
  )
  say({ _tag: "Ready" })
  yield* Deferred.await(closed)
  yield* FiberSet.awaitEmpty(appends)
})

const answer = ({ stats }: Recorder.Recorder, { number }: ThreadMessages.Append, failure: string | null) =>
  say({ _tag: "Appended", number, failure, stats: stats() })

const append = (recorder: Recorder.Recorder, order: ThreadMessages.Append) => {
  const known = order.records.filter(isLogged)
  const strange = order.records.length - known.length
  const words = `${strange} of ${order.records.length} records could not be read and were dropped`
  return Effect.when(Effect.logError(words), () => strange > 0).pipe(
    Effect.zipRight(recorder.append(known, order.settings)),
    Effect.matchCause({
      onSuccess: () => answer(recorder, order, null),
      onFailure: (cause) => answer(recorder, order, reasonOf(Cause.squash(cause)))
    })
  )
}

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
