import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as FileLock from "../store/FileLock.js"
import type { SpoolFiles } from "./SpoolFiles.js"
import * as SpoolQueue from "./SpoolQueue.js"

/** Takes over the files of processes that have died, before those of `token`, and says how many files that were. */
export const adopt = Effect.fnUntraced(function* (queue: SpoolQueue.SpoolQueue, names: SpoolFiles, token: string) {
  const adopted = new Set(queue.held.flatMap(({ owner }) => (owner === undefined ? [] : [owner.lock])))
  let taken = 0
  for (const [owner, segments] of yield* names.owners) {
    const lock = names.lockOf(owner)
    if (owner === token || adopted.has(lock)) continue
    // One whose owner is alive, or that another process is adopting, is not ours.
    taken += yield* Effect.orElseSucceed(takeOver(queue, lock, segments), () => 0)
  }
  return taken
})

const takeOver = Effect.fnUntraced(function* (
  queue: SpoolQueue.SpoolQueue,
  lock: string,
  segments: ReadonlyArray<string>
) {
  const files = yield* FileSystem.FileSystem
  const owner: SpoolQueue.DeadOwner = { lock, scope: yield* FileLock.take(lock) }
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
