import { Worker } from "node:worker_threads"
import * as ThreadEntry from "../../process/ThreadEntry.js"

// The program of the writer's thread takes as long to load as the rest of the gateway, beside which it may do so.

let warm: Worker | undefined

/** Begins the thread before it is known what it is to write; as long as nobody takes it, it keeps no process running. */
export const begin = (): void => {
  const worker = new Worker(ThreadEntry.url)
  const forget = () => {
    if (warm === worker) warm = undefined
  }
  // One that comes to nothing is begun again by whoever needs it, and who can tell of it.
  worker.on("error", forget).on("exit", forget).unref()
  warm = worker
}

/** The thread that was begun early, or else a new one; it waits to be told what to write. */
export const take = (): Worker => {
  const worker = warm ?? new Worker(ThreadEntry.url)
  warm = undefined
  worker.ref()
  return worker
}

/** Ends the thread if nobody has taken it. */
export const drop = (): void => {
  void warm?.terminate()
  warm = undefined
}
