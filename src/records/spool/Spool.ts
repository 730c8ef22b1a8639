import { randomBytes } from "node:crypto"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { AppendFailed } from "../../domain/failure/Failure.js"
import type { LoggedRecord } from "../../domain/record/RequestRecord.js"
import * as FileLock from "../store/FileLock.js"
import * as Notes from "./Notes.js"
import * as Orphans from "./Orphans.js"
import * as SpoolFiles from "./SpoolFiles.js"
import * as SpoolQueue from "./SpoolQueue.js"
import * as SpoolSegment from "./SpoolSegment.js"

/** Records that are on the disk but not yet in the database, in files beside it. */
export interface Spool {
  /** Appends records; they are on the disk when it succeeds. */
  readonly append: (records: ReadonlyArray<LoggedRecord>) => Effect.Effect<void, AppendFailed>
  /** The same at once, where a file is open that takes them; false when it is `append` that has to. */
  readonly appendNow: (records: ReadonlyArray<LoggedRecord>) => boolean
  /** The oldest records that are not settled; undefined when all are. */
  readonly next: Effect.Effect<Unsettled | undefined, AppendFailed>
  /** Takes over what dead processes left, and says how many files that were. */
  readonly adopt: Effect.Effect<number>
  /** Removes what is settled; a spool without records leaves no file. */
  readonly tidy: Effect.Effect<void>
  /** Takes note of exchanges that run at once, and writes it down when it is run; for whoever adopts this spool. */
  readonly note: (records: ReadonlyArray<LoggedRecord>) => Effect.Effect<void>
  /** These have their rows. */
  readonly ended: (records: ReadonlyArray<LoggedRecord>) => void
  /** Leaves behind that this process lives, where there are notes. */
  readonly touch: () => void
  /** Bytes of records that are not settled. */
  readonly pending: () => number
}

/** Some records of the spool, and what is to be run when they are in the database. */
export interface Unsettled {
  readonly records: ReadonlyArray<LoggedRecord>
  readonly settle: Effect.Effect<void>
  /** Whether they were left by a process that died. */
  readonly adopted: boolean
}

/** The bounds of a spool, in bytes. */
export interface Options {
  /** The database that it stands beside. */
  readonly database: string
  /** How much may wait. Default: 1 GiB. */
  readonly limit?: number
  /** A file larger than this is followed by another. Default: 16 MiB. */
  readonly segmentSize?: number
  /** What writes; tests give one that fails. */
  readonly put?: SpoolSegment.Put
}

/** How much is read at once, in bytes. */
const pieceSize = 1024 ** 2

/** The spool of this process; `onDamage` is told of lines that could not be read. */
export const make = Effect.fnUntraced(function* (options: Options, onDamage: (lines: number) => void = () => {}) {
  const { database, limit = 1024 ** 3, put, segmentSize = 16 * 1024 ** 2 } = options
  const disk = yield* Effect.context<Disk>()
  const alone = (yield* Effect.makeSemaphore(1)).withPermits(1)
  const state: State = {
    database,
    limit,
    segmentSize,
    put,
    onDamage,
    names: yield* SpoolFiles.make(database),
    token: `${process.pid}-${randomBytes(4).toString("hex")}`,
    queue: SpoolQueue.make(),
    notes: Notes.make(),
    lock: undefined,
    sequence: 0
  }
  const inTurn = <A, E>(effect: Effect.Effect<A, E, Disk>) => alone(Effect.provide(effect, disk))
  const wholly = <A, E>(effect: Effect.Effect<A, E, Disk>) => Effect.uninterruptible(inTurn(effect))

  yield* Effect.addFinalizer(() => Effect.zipRight(wholly(tidy(state)), Effect.provide(close(state), disk)))

  const spool: Spool = {
    append: (records) => wholly(append(state, records)),
    appendNow: (records) => appendNow(state, records),
    next: inTurn(next(state, inTurn)),
    adopt: wholly(Orphans.adopt(state.queue, state.names, state.token)),
    tidy: wholly(tidy(state)),
    note: (records) => (state.notes.take(records) ? Effect.void : wholly(beginNotes(state))),
    ended: (records) => state.notes.ended(records),
    touch: () => state.notes.touch(),
    pending: () => SpoolQueue.pending(state.queue)
  }
  return spool
})

type Disk = FileSystem.FileSystem | Path.Path

interface State extends Required<Pick<Options, "database" | "limit" | "segmentSize">> {
  readonly put: SpoolSegment.Put | undefined
  readonly onDamage: (lines: number) => void
  readonly names: SpoolFiles.SpoolFiles
  /** What this process's files are called by. */
  readonly token: string
  readonly queue: SpoolQueue.SpoolQueue
  readonly notes: Notes.Notes
  /** Held as long as this process has files. */
  lock: Scope.CloseableScope | undefined
  /** How many files this process has begun. */
  sequence: number
}

// Whatever else goes on: whoever takes the file away does so in one step.
const appendNow = (state: State, records: ReadonlyArray<LoggedRecord>): boolean => {
  const { queue, segmentSize } = state
  const { writer } = queue
  if (writer === undefined || writer.segment.size >= segmentSize) return false
  const lines = SpoolSegment.encode(records)
  if (!fits(state, lines)) return false
  try {
    SpoolQueue.write(queue, writer, lines, records)
    return true
  } catch {
    return false
  }
}

const append = (state: State, records: ReadonlyArray<LoggedRecord>) =>
  Effect.suspend(() => {
    const lines = SpoolSegment.encode(records)
    if (!fits(state, lines)) return failed(state, new Error(`the spool is full: ${state.limit} bytes wait`))
    return Effect.flatMap(writable(state), (writer) =>
      Effect.try({
        try: () => SpoolQueue.write(state.queue, writer, lines, records),
        catch: (cause) => failed(state, cause)
      })
    )
  }).pipe(
    // What a failed write has left behind is not built upon.
    Effect.tapError(() => Effect.zipRight(SpoolQueue.endWriter(state.queue), SpoolQueue.removeSettled(state.queue)))
  )

const fits = ({ limit, queue }: State, lines: ReadonlyArray<Uint8Array>): boolean =>
  SpoolQueue.pending(queue) + SpoolSegment.sizeOf(lines) <= limit

const writable = (state: State) =>
  Effect.suspend(() => {
    const { writer } = state.queue
    if (writer === undefined) return begin(state)
    if (writer.segment.size < state.segmentSize) return Effect.succeed(writer)
    return Effect.zipRight(SpoolQueue.endWriter(state.queue), begin(state))
  })

const locked = (state: State) =>
  Effect.suspend(() => {
    if (state.lock !== undefined) return Effect.void
    return Effect.map(FileLock.take(state.names.lockOf(state.token)), (lock) => void (state.lock = lock))
  })

// Where the lock is not to be had there are no notes: nobody could tell whether their process lives.
const beginNotes = (state: State) =>
  Effect.ignore(Effect.map(locked(state), () => state.notes.begin(state.names.notesOf(state.token, state.sequence++))))

const begin = (state: State) =>
  Effect.gen(function* () {
    const { names, put, queue, token } = state
    yield* locked(state)
    const begun = yield* SpoolSegment.create(names.segmentOf(token, state.sequence++), put)
    queue.held.push({ segment: begun.segment })
    queue.writer = begun
    return begun
  }).pipe(Effect.mapError((cause) => failed(state, cause)))

const next = (state: State, inTurn: <A, E>(effect: Effect.Effect<A, E, Disk>) => Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const { queue } = state
    for (;;) {
      const held = queue.held.find(({ segment }) => segment.settled < segment.size)
      if (held === undefined) return undefined
      const piece = yield* pieceOf(queue, held)
      yield* damaged(state, held, piece)
      if (piece.records.length > 0) {
        const unsettled: Unsettled = {
          records: piece.records,
          settle: inTurn(SpoolQueue.settle(queue, held, piece.end)),
          adopted: held.owner !== undefined
        }
        return unsettled
      }
      yield* SpoolQueue.settle(queue, held, piece.end)
    }
  }).pipe(Effect.mapError((cause) => failed(state, cause)))

const pieceOf = ({ fresh, writer }: SpoolQueue.SpoolQueue, { segment }: SpoolQueue.Held) => {
  const piece = writer?.segment === segment ? fresh.from(segment.settled) : undefined
  return piece === undefined ? SpoolSegment.read(segment, pieceSize) : Effect.succeed(piece)
}

const damaged = ({ onDamage }: State, { segment }: SpoolQueue.Held, piece: SpoolSegment.Piece) => {
  const lines = piece.unreadable + (piece.torn ? 1 : 0)
  if (lines === 0) return Effect.void
  if (piece.unreadable > 0) segment.unreadable = true
  onDamage(lines)
  const what = piece.torn ? "ends in the middle of a record" : `holds ${lines} lines that are no records`
  return Effect.logWarning(`${segment.path} ${what}`)
}

const tidy = (state: State) =>
  Effect.gen(function* () {
    const { names, queue, token } = state
    yield* SpoolQueue.removeSettled(queue)
    const { lock, notes } = state
    if (!notes.tidy()) return
    if (queue.held.some(({ owner }) => owner === undefined) || lock === undefined) return
    state.lock = undefined
    yield* SpoolQueue.unlock({ lock: names.lockOf(token), scope: lock })
  })

const close = (state: State) =>
  Effect.gen(function* () {
    const { lock, notes, queue } = state
    yield* SpoolQueue.endWriter(queue)
    notes.close()
    if (lock !== undefined) yield* Scope.close(lock, Exit.void)
    const owners = new Set(queue.held.flatMap(({ owner }) => (owner === undefined ? [] : [owner.scope])))
    for (const scope of owners) yield* Scope.close(scope, Exit.void)
  })

const failed = ({ database }: State, cause: unknown) => new AppendFailed({ path: database, cause })
