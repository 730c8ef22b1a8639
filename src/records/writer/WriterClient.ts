import type { Worker } from "node:worker_threads"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import { AppendFailed, LogUnavailable } from "../../domain/failure/Failure.js"
import * as RecordStats from "../read/RecordStats.js"
import type * as Recorder from "./Recorder.js"
import * as ThreadMessages from "./ThreadMessages.js"
import * as WarmThread from "./WarmThread.js"

/** A {@link Recorder.Recorder} in a thread of its own, so that neither SQLite nor the disk holds up an exchange. */
export interface WriterClient extends Omit<Recorder.Recorder, "appendNow"> {
  /** Times that the thread had to be begun again. */
  readonly restarts: () => number
}

interface Thread {
  readonly worker: Worker
  /** Told why rows were not kept, or null, and whether the thread itself says so: it refuses none for what is in it. */
  readonly pending: Map<number, (failure: string | null, passing: boolean) => void>
  stats: RecordStats.WriterStats
}

/** How long the thread may take to write what is left when it is to end; the rest stays in the spool. */
const lastWrite = "10 seconds"

/** How long it may take to end when it is forced to. */
const lastPatience = "1 second"

/** Begins the thread; it ends with the scope. One that died is begun again with the next append. */
export const make = Effect.fnUntraced(function* (options: Recorder.Options) {
  const { path } = options
  const lines = yield* Queue.unbounded<Effect.Effect<void>>()
  let number = 0
  let thread: Thread | undefined
  const threads: Array<Thread> = []

  const begin = Effect.async<Thread, LogUnavailable>((resume) => {
    const worker = WarmThread.take()
    const begun: Thread = { worker, pending: new Map(), stats: RecordStats.none }
    threads.push(begun)
    const over = (reason: string) => {
      resume(new LogUnavailable({ path, cause: new Error(reason) }))
      if (thread === begun) thread = undefined
      for (const settle of begun.pending.values()) settle(reason, false)
      begun.pending.clear()
    }
    worker.on("error", (error) => over(error.message))
    worker.on("exit", () => over("the writer's thread has ended"))
    worker.on("message", (message: unknown) => {
      const report = decode(message)
      if (Either.isLeft(report)) return
      switch (report.right._tag) {
        case "Ready":
          return resume(Effect.succeed(begun))
        case "Unavailable":
          return over(report.right.reason)
        case "Appended": {
          begun.stats = report.right.stats
          const settle = begun.pending.get(report.right.number)
          begun.pending.delete(report.right.number)
          return settle?.(report.right.failure, true)
        }
        case "Stats":
          return void (begun.stats = report.right.stats)
        case "Line":
          return void lines.unsafeOffer(logOf[report.right.level](report.right.text))
      }
    })
    const task: ThreadMessages.Begin = options
    worker.postMessage(task)
  })

  const ensure = Effect.suspend(() => {
    if (thread !== undefined) return Effect.succeed(thread)
    return Effect.tap(begin, (begun) => Effect.sync(() => void (thread = begun)))
  })

  // One that hangs in the disk does not even end by force.
  const terminate = Effect.interruptible(Effect.promise(async () => void (await thread?.worker.terminate())))

  const end = Effect.async<void>((resume) => {
    if (thread === undefined) return resume(Effect.void)
    thread.worker.once("exit", () => resume(Effect.void))
    const order: ThreadMessages.Order = { _tag: "Close" }
    thread.worker.postMessage(order)
  }).pipe(
    Effect.interruptible,
    Effect.timeoutOption(lastWrite),
    Effect.zipRight(Effect.timeoutOption(terminate, lastPatience)),
    // What the thread said last is still to be logged.
    Effect.zipRight(Effect.suspend(() => Effect.flatMap(Queue.takeAll(lines), (rest) => Effect.all(rest, discard))))
  )

  // Registered before the loop is forked, so that it has stopped and takes no line away.
  yield* Effect.addFinalizer(() => end)
  thread = yield* begin
  yield* Effect.forkScoped(Effect.forever(Effect.flatten(Queue.take(lines))))

  const client: WriterClient = {
    append: (records, settings) =>
      Effect.flatMap(
        // A thread that does not even begin has seen no row.
        Effect.mapError(ensure, (cause) => new AppendFailed({ path, cause, passing: true })),
        ({ pending, worker }) =>
          Effect.async<void, AppendFailed>((resume) => {
            const order: ThreadMessages.Order = { _tag: "Append", number: number++, records, settings }
            const failed = (cause: unknown, passing: boolean) => resume(new AppendFailed({ path, cause, passing }))
            pending.set(order.number, (failure, passing) =>
              failure === null ? resume(Effect.void) : failed(new Error(failure), passing)
            )
            try {
              worker.postMessage(order)
            } catch (cause) {
              // Something in it cannot be copied, or there is no room for a copy.
              pending.delete(order.number)
              failed(cause, false)
            }
            return Effect.sync(() => void pending.delete(order.number))
          })
      ),
    stats: () => threads.map(({ stats }) => stats).reduce(sum),
    restarts: () => threads.length - 1
  }
  return client
})

const discard = { discard: true } as const

const decode = Schema.decodeUnknownEither(ThreadMessages.Report)

const logOf = { Info: Effect.logInfo, Warning: Effect.logWarning, Error: Effect.logError }

const sum = (a: RecordStats.WriterStats, b: RecordStats.WriterStats): RecordStats.WriterStats => ({
  stored: a.stored + b.stored,
  spooled: a.spooled + b.spooled,
  replayed: a.replayed + b.replayed,
  spoolBytes: b.spoolBytes,
  damagedLines: a.damagedLines + b.damagedLines,
  storeFailures: a.storeFailures + b.storeFailures,
  corruptDatabases: a.corruptDatabases + b.corruptDatabases,
  archivesDeleted: a.archivesDeleted + b.archivesDeleted,
  withheld: a.withheld + b.withheld,
  setAside: a.setAside + b.setAside,
  waiting: b.waiting
})
