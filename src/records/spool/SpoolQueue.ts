import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { LoggedRecord } from "../../domain/record/RequestRecord.js"
import * as FreshRecords from "./FreshRecords.js"
import type * as SpoolSegment from "./SpoolSegment.js"

/** The files of a spool in the order in which their records are due, and the one that is being written. */
export interface SpoolQueue {
  readonly held: Array<Held>
  /** What was written last. */
  readonly fresh: FreshRecords.FreshRecords
  writer: SpoolSegment.Writer | undefined
}

/** A file that this process has to bring to its end. */
export interface Held {
  readonly segment: SpoolSegment.SpoolSegment
  /** Whose it was, for one that was taken over. */
  readonly owner?: DeadOwner
}

/** A process that has died, whose lock this one holds. */
export interface DeadOwner {
  readonly lock: string
  readonly scope: Scope.CloseableScope
}

/** No file yet. */
export const make = (): SpoolQueue => ({ held: [], fresh: FreshRecords.make(), writer: undefined })

/** Bytes of records that are not settled. */
export const pending = ({ held }: SpoolQueue): number =>
  held.reduce((sum, { segment }) => sum + segment.size - segment.settled, 0)

/** Writes records, which are on the disk afterwards; throws what the disk says. */
export const write = (
  { fresh }: SpoolQueue,
  writer: SpoolSegment.Writer,
  lines: ReadonlyArray<Uint8Array>,
  records: ReadonlyArray<LoggedRecord>
): void => {
  const start = writer.segment.size
  writer.append(lines)
  fresh.push(start, writer.segment.size, records)
}

/** Writes no more into the present file. */
export const endWriter = (queue: SpoolQueue): Effect.Effect<void> => Effect.suspend(() => detachWriter(queue))

/** Marks what stands before `end` as settled; a file all of which is settled is emptied or removed. */
export const settle = (queue: SpoolQueue, held: Held, end: number) =>
  Effect.suspend(() => {
    const { fresh, writer } = queue
    const { segment } = held
    segment.settled = end
    if (writer?.segment === segment) fresh.settle(end)
    if (end < segment.size) return Effect.void
    // To take the file away and begin another would cost more.
    const goesOn = writer?.segment === segment && !segment.unreadable && writer.empty()
    return goesOn ? Effect.void : remove(queue, held)
  })

/** Removes the files all of which is settled. */
export const removeSettled = Effect.fnUntraced(function* (queue: SpoolQueue) {
  for (;;) {
    const held = queue.held.find(({ segment }) => segment.settled >= segment.size)
    if (held === undefined) return
    yield* remove(queue, held)
  }
})

/** Removes a lock file that is held, and lets go of it. */
export const unlock = ({ lock, scope }: DeadOwner) =>
  Effect.flatMap(FileSystem.FileSystem, (files) =>
    Effect.zipRight(Effect.ignore(files.remove(lock)), Scope.close(scope, Exit.void))
  )

// Has taken it out of the queue when it returns; what is left to do is with its files.
const remove = (queue: SpoolQueue, held: Held) => {
  const close = queue.writer?.segment === held.segment ? detachWriter(queue) : Effect.void
  queue.held.splice(queue.held.indexOf(held), 1)
  return Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    yield* close
    const { path, unreadable } = held.segment
    yield* Effect.ignore(unreadable ? files.rename(path, `${path}.unreadable`) : files.remove(path))
    const { owner } = held
    if (owner !== undefined && !queue.held.some((other) => other.owner === owner)) yield* unlock(owner)
  })
}

const detachWriter = (queue: SpoolQueue): Effect.Effect<void> => {
  const ending = queue.writer
  queue.writer = undefined
  queue.fresh.clear()
  return ending === undefined ? Effect.void : ending.close
}
