import type { Worker } from "node:worker_threads"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import type { WriterSettings } from "../../domain/config/WriterSettings.js"
import { AppendFailed, LogUnavailable } from "../../domain/failure/Failure.js"
import type { LoggedRecord } from "../../domain/record/RequestRecord.js"
import * as RecordStats from "../read/RecordStats.js"
import type * as Recorder from "./Recorder.js"
import * as ThreadMessages from "./ThreadMessages.js"
import * as WarmThread from "./WarmThread.js"

/** A {@link Recorder.Recorder} in a thread of its own, so that neither SQLite nor the disk holds up an exchange. */
export interface WriterClient extends Pick<Recorder.Recorder, "append" | "stats"> {
  /** As {@link Recorder.Recorder.note}; where there is no thread, or no room for a copy, it is given up. */
  readonly note: (records: ReadonlyArray<LoggedRecord>) => void
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
  const lines = yield* Queue.unbounded<Effect.Effect<void>>()
  const state: State = { options, lines, threads: [], current: undefined, number: 0 }

  // Registered before the loop is forked, so that it has stopped and takes no line away.
  yield* Effect.addFinalizer(() => end(state))
  state.current = yield* begin(state)
  yield* Effect.forkScoped(Effect.forever(Effect.flatten(Queue.take(lines))))

  const client: WriterClient = {
    append: (records, settings) => append(state, records, settings),
    note: (records) => note(state, records),
    stats: () => state.threads.map(({ stats }) => stats).reduce(sum),
    restarts: () => state.threads.length - 1
  }
  return client
})

interface State {
  readonly options: Recorder.Options
  /** What is to be logged. */
  readonly lines: Queue.Queue<Effect.Effect<void>>
  /** All that were ever begun. */
  readonly threads: Array<Thread>
  /** The one that lives. */
  current: Thread | undefined
  /** How many appends there were. */
  number: number
}

const append = (state: State, records: ReadonlyArray<LoggedRecord>, settings: WriterSettings) => {
  const { path } = state.options
  return Effect.flatMap(
    // A thread that does not even begin has seen no row.
    Effect.mapError(ensure(state), (cause) => new AppendFailed({ path, cause, passing: true })),
    ({ pending, worker }) =>
      Effect.async<void, AppendFailed>((resume) => {
        const order: ThreadMessages.Order = { _tag: "Append", number: state.number++, records, settings }
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
  )
}

const note = ({ current }: State, records: ReadonlyArray<LoggedRecord>): void => {
  const order: ThreadMessages.Order = { _tag: "Note", records }
  try {
    current?.worker.postMessage(order)
  } catch {
    // The row at their end counts.
  }
}

const ensure = (state: State) =>
  Effect.suspend(() => {
    if (state.current !== undefined) return Effect.succeed(state.current)
    return Effect.tap(begin(state), (begun) => Effect.sync(() => void (state.current = begun)))
  })

const begin = (state: State) =>
  Effect.async<Thread, LogUnavailable>((resume) => {
    const { options, threads } = state
    const worker = WarmThread.take()
    const begun: Thread = { worker, pending: new Map(), stats: RecordStats.none }
    threads.push(begun)
    const over = (reason: string) => {
      resume(new LogUnavailable({ path: options.path, cause: new Error(reason) }))
      if (state.current === begun) state.current = undefined
      for (const settle of begun.pending.values()) settle(reason, false)
      begun.pending.clear()
    }
    worker.on("error", (error) => over(error.message))
    worker.on("exit", () => over("the writer's thread has ended"))
    worker.on("message", (message: unknown) => {
      const report = decode(message)
      if (Either.isLeft(report)) return
      if (report.right._tag === "Ready") return resume(Effect.succeed(begun))
      if (report.right._tag === "Unavailable") return over(report.right.reason)
      hear(state, begun, report.right)
    })
    const task: ThreadMessages.Begin = options
    worker.postMessage(task)
  })

// What a thread says once it has begun.
const hear = ({ lines }: State, thread: Thread, report: ThreadMessages.News): void => {
  switch (report._tag) {
    case "Appended": {
      thread.stats = report.stats
      const settle = thread.pending.get(report.number)
      thread.pending.delete(report.number)
      return settle?.(report.failure, true)
    }
    case "Stats":
      return void (thread.stats = report.stats)
    case "Line":
      return void lines.unsafeOffer(logOf[report.level](report.text))
  }
}

const end = (state: State) =>
  Effect.async<void>((resume) => {
    const { current } = state
    if (current === undefined) return resume(Effect.void)
    current.worker.once("exit", () => resume(Effect.void))
    const order: ThreadMessages.Order = { _tag: "Close" }
    current.worker.postMessage(order)
  }).pipe(
    Effect.interruptible,
    Effect.timeoutOption(lastWrite),
    Effect.zipRight(Effect.timeoutOption(terminate(state), lastPatience)),
    // What the thread said last is still to be logged.
    Effect.zipRight(
      Effect.suspend(() => Effect.flatMap(Queue.takeAll(state.lines), (rest) => Effect.all(rest, discard)))
    )
  )

// One that hangs in the disk does not even end by force.
const terminate = (state: State) =>
  Effect.interruptible(Effect.promise(async () => void (await state.current?.worker.terminate())))

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
