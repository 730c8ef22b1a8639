import { randomBytes } from "node:crypto"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { AppendFailed } from "../../domain/failure/Failure.js"
import type { LoggedRecord } from "../../domain/record/RequestRecord.js"
import * as FileLock from "../store/FileLock.js"
import * as FreshRecords from "./FreshRecords.js"
import * as SpoolFiles from "./SpoolFiles.js"
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

interface Held {
  readonly segment: SpoolSegment.SpoolSegment
  /** Whose it was, for one that was taken over. */
  readonly heir?: Heir
}

interface Heir {
  readonly lock: string
  readonly scope: Scope.CloseableScope
}

/** How much is read at once, in bytes. */
const pieceSize = 1024 ** 2

/** The spool of this process; `onDamage` is told of lines that could not be read. */
export const make = Effect.fnUntraced(function* (options: Options, onDamage: (lines: number) => void = () => {}) {
  const { database, limit = 1024 ** 3, segmentSize = 16 * 1024 ** 2 } = options
  const files = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  const onDisk = Effect.provide(Context.make(FileSystem.FileSystem, files).pipe(Context.add(Path.Path, paths)))
  const alone = (yield* Effect.makeSemaphore(1)).withPermits(1)
  const names = yield* SpoolFiles.make(database)
  const token = `${process.pid}-${randomBytes(4).toString("hex")}`

  const queue: Array<Held> = []
  const fresh = FreshRecords.make()
  let writer: SpoolSegment.Writer | undefined
  let lock: Scope.CloseableScope | undefined
  let sequence = 0

  const pending = () => queue.reduce((sum, { segment }) => sum + segment.size - segment.settled, 0)
  const failed = (cause: unknown) => new AppendFailed({ path: database, cause })

  const lockOwn = Effect.gen(function* () {
    lock ??= yield* FileLock.take(names.lockOf(token))
  })

  const begin = Effect.gen(function* () {
    yield* lockOwn
    const begun = yield* SpoolSegment.create(names.segmentOf(token, sequence++), options.put)
    queue.push({ segment: begun.segment })
    writer = begun
    return begun
  }).pipe(onDisk, Effect.mapError(failed))

  const endSegment = Effect.suspend(() => detachWriter())

  const detachWriter = () => {
    const ending = writer
    writer = undefined
    fresh.clear()
    return ending === undefined ? Effect.void : ending.close
  }

  const writable = Effect.suspend(() => {
    if (writer === undefined) return begin
    return writer.segment.size < segmentSize ? Effect.succeed(writer) : Effect.zipRight(endSegment, begin)
  })

  const write = (into: SpoolSegment.Writer, lines: ReadonlyArray<Uint8Array>, records: ReadonlyArray<LoggedRecord>) => {
    const start = into.segment.size
    into.append(lines)
    fresh.push(start, into.segment.size, records)
  }

  // Whatever else goes on: whoever takes the file away does so in one step.
  const appendNow: Spool["appendNow"] = (records) => {
    if (writer === undefined || writer.segment.size >= segmentSize) return false
    const lines = SpoolSegment.encode(records)
    if (pending() + SpoolSegment.sizeOf(lines) > limit) return false
    try {
      write(writer, lines, records)
      return true
    } catch {
      return false
    }
  }

  const append = (records: ReadonlyArray<LoggedRecord>) =>
    Effect.suspend(() => {
      const lines = SpoolSegment.encode(records)
      if (pending() + SpoolSegment.sizeOf(lines) > limit)
        return failed(new Error(`the spool is full: ${limit} bytes wait`))
      return Effect.flatMap(writable, (into) => Effect.try({ try: () => write(into, lines, records), catch: failed }))
    }).pipe(
      // What a failed write has left behind is not built upon.
      Effect.tapError(() => Effect.zipRight(endSegment, removeSettled)),
      alone,
      Effect.uninterruptible
    )

  const pieceOf = ({ segment }: Held) =>
    Effect.suspend(() => {
      const piece = writer?.segment === segment ? fresh.from(segment.settled) : undefined
      return piece === undefined ? onDisk(SpoolSegment.read(segment, pieceSize)) : Effect.succeed(piece)
    })

  const settle = (held: Held, end: number) =>
    Effect.suspend(() => {
      held.segment.settled = end
      if (writer?.segment === held.segment) fresh.settle(end)
      if (end < held.segment.size) return Effect.void
      // To take the file away and begin another would cost more.
      const goesOn = writer?.segment === held.segment && !held.segment.unreadable && writer.empty()
      return goesOn ? Effect.void : remove(held)
    })

  // Has taken it out of the queue when it returns; what is left to do is with its files.
  const remove = (held: Held): Effect.Effect<void> => {
    const close = writer?.segment === held.segment ? detachWriter() : Effect.void
    queue.splice(queue.indexOf(held), 1)
    return Effect.gen(function* () {
      yield* close
      const { path, unreadable } = held.segment
      yield* Effect.ignore(unreadable ? files.rename(path, `${path}.unreadable`) : files.remove(path))
      const { heir } = held
      if (heir === undefined || queue.some((other) => other.heir === heir)) return
      yield* Effect.ignore(files.remove(heir.lock))
      yield* Scope.close(heir.scope, Exit.void)
    })
  }

  const removeSettled = Effect.gen(function* () {
    for (;;) {
      const held = queue.find(({ segment }) => segment.settled >= segment.size)
      if (held === undefined) return
      yield* remove(held)
    }
  })

  const damaged = (held: Held, piece: SpoolSegment.Piece) =>
    Effect.suspend(() => {
      const lines = piece.unreadable + (piece.torn ? 1 : 0)
      if (lines === 0) return Effect.void
      if (piece.unreadable > 0) held.segment.unreadable = true
      onDamage(lines)
      const what = piece.torn ? "ends in the middle of a record" : `holds ${lines} lines that are no records`
      return Effect.logWarning(`${held.segment.path} ${what}`)
    })

  const next: Spool["next"] = Effect.gen(function* () {
    for (;;) {
      const held = queue.find(({ segment }) => segment.settled < segment.size)
      if (held === undefined) return undefined
      const piece = yield* pieceOf(held)
      yield* damaged(held, piece)
      if (piece.records.length > 0) {
        const unsettled: Unsettled = {
          records: piece.records,
          settle: alone(settle(held, piece.end)),
          adopted: held.heir !== undefined
        }
        return unsettled
      }
      yield* settle(held, piece.end)
    }
  }).pipe(Effect.mapError(failed), alone)

  const takeOver = Effect.fnUntraced(function* (owner: string, segments: ReadonlyArray<string>) {
    const heir: Heir = { lock: names.lockOf(owner), scope: yield* FileLock.take(names.lockOf(owner)) }
    // What has been left is older than anything here.
    for (const path of [...segments].reverse()) {
      // Its heir before us may have taken it meanwhile.
      const info = yield* Effect.option(files.stat(path))
      if (info._tag === "None") continue
      const size = Number(info.value.size)
      if (size > 0) queue.unshift({ segment: { path, size, settled: 0, unreadable: false }, heir })
      else yield* Effect.ignore(files.remove(path))
    }
    if (queue.some((held) => held.heir === heir)) return segments.length
    yield* Effect.ignore(files.remove(heir.lock))
    yield* Scope.close(heir.scope, Exit.void)
    return 0
  })

  const adopt: Spool["adopt"] = Effect.gen(function* () {
    const mine = new Set(queue.flatMap(({ heir }) => (heir === undefined ? [] : [heir.lock])))
    let taken = 0
    for (const [owner, segments] of yield* names.owners) {
      if (owner === token || mine.has(names.lockOf(owner))) continue
      taken += yield* Effect.orElseSucceed(takeOver(owner, segments), () => 0)
    }
    return taken
  }).pipe(alone, Effect.uninterruptible)

  const tidy = Effect.gen(function* () {
    yield* removeSettled
    if (queue.some(({ heir }) => heir === undefined) || lock === undefined) return
    const scope = lock
    lock = undefined
    yield* Effect.ignore(files.remove(names.lockOf(token)))
    yield* Scope.close(scope, Exit.void)
  }).pipe(alone, Effect.uninterruptible)

  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      yield* tidy
      yield* endSegment
      if (lock !== undefined) yield* Scope.close(lock, Exit.void)
      const heirs = new Set(queue.flatMap(({ heir }) => (heir === undefined ? [] : [heir.scope])))
      for (const scope of heirs) yield* Scope.close(scope, Exit.void)
    })
  )

  const spool: Spool = { append, appendNow, next, adopt, tidy, pending }
  return spool
})
