import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as FileLock from "../store/FileLock.js"
import * as Notes from "./Notes.js"
import * as SpoolFiles from "./SpoolFiles.js"
import * as SpoolQueue from "./SpoolQueue.js"

/** Takes over the files of processes that have died, before those of `token`, and says how many files that were. */
export const adopt = Effect.fnUntraced(function* (
  queue: SpoolQueue.SpoolQueue,
  names: SpoolFiles.SpoolFiles,
  token: string
) {
  const adopted = new Set(queue.held.flatMap(({ owner }) => (owner === undefined ? [] : [owner.lock])))
  let taken = 0
  for (const [owner, owned] of yield* names.owners) {
    const lock = names.lockOf(owner)
    if (owner === token || adopted.has(lock)) continue
    // One whose owner is alive, or that another process is adopting, is not ours.
    const rest = names.segmentOf(owner, SpoolFiles.last)
    taken += yield* Effect.orElseSucceed(takeOver(queue, lock, owned, rest), () => 0)
  }
  return taken
})

const takeOver = Effect.fnUntraced(function* (
  queue: SpoolQueue.SpoolQueue,
  lock: string,
  { notes, segments: own }: SpoolFiles.OwnedFiles,
  rest: string
) {
  const files = yield* FileSystem.FileSystem
  const owner: SpoolQueue.DeadOwner = { lock, scope: yield* FileLock.take(lock) }
  // What was still running has its rows behind all others: whatever has a better one there keeps that.
  const isAdded = yield* Effect.orElseSucceed(endNotes(notes, rest), () => false)
  const segments = isAdded && !own.includes(rest) ? [...own, rest] : own
  // What has been left is older than anything here.
  for (const path of [...segments].reverse()) {
    // Whoever adopted it before us may have taken it meanwhile.
    const info = yield* Effect.option(files.stat(path))
    if (info._tag === "None") continue
    const size = Number(info.value.size)
    if (size > 0) queue.held.unshift({ segment: { path, size, settled: 0, unreadable: false }, owner })
    else yield* Effect.ignore(files.remove(path))
  }
  if (queue.held.some((held) => held.owner === owner)) return segments.length
  yield* SpoolQueue.unlock(owner)
  return 0
})

// Makes a segment of what a dead process knew of exchanges that were running; whether there is one now.
const endNotes = Effect.fnUntraced(function* (notes: ReadonlyArray<string>, segment: string) {
  if (notes.length === 0) return false
  const files = yield* FileSystem.FileSystem
  const texts = yield* Effect.forEach(notes, (path) => files.readFileString(path))
  const { mtime } = yield* files.stat(notes.at(-1) ?? segment)
  const lines = Notes.left(texts, Option.match(mtime, { onNone: () => 0, onSome: (date) => date.getTime() }))
  if (lines !== "") yield* files.writeFileString(segment, lines, { mode: 0o600 })
  for (const path of notes) yield* files.remove(path)
  return lines !== ""
})
