import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import * as ConfigRef from "../config/ConfigRef.js"
import { reasonOf } from "../domain/failure/Failure.js"
import type * as WorkerShare from "../domain/config/WorkerShare.js"
import * as Gateway from "../Gateway.js"
import { WorkerSeat } from "../http/WorkerSeat.js"
import * as WorkerServer from "../http/WorkerServer.js"
import * as SpareMemory from "../process/SpareMemory.js"
import * as LastDeadline from "./LastDeadline.js"
import * as OpenFiles from "./OpenFiles.js"
import * as PrimaryChannel from "./PrimaryChannel.js"

/** What a worker is begun with. */
export interface Options {
  /** The configuration file. */
  readonly config: string
  readonly recordPath: string
  /** How often it says that it lives, in ms. */
  readonly beat: number
  readonly seat: WorkerShare.Seat
}

/** Something was thrown that nobody caught; what ran was brought to its end all the same. */
export class WorkerCrashed extends Data.TaggedError("WorkerCrashed")<{ readonly cause: unknown }> {
  override get message() {
    return `The worker ended after an error that nobody caught: ${reasonOf(this.cause)}`
  }
}

/**
 * Serves as one of the workers until all are to stop. Interrupted, or after an error that nobody caught, it leaves alone,
 * and the others go on.
 */
export const run = ({ beat, config, recordPath, seat }: Options) =>
  Effect.gen(function* () {
    const primary = yield* PrimaryChannel.make(beat)
    const crashed = yield* crash
    yield* Layer.build(
      // The last of them is the first to be closed.
      Layer.scopedDiscard(LastDeadline.armed).pipe(
        Layer.provide(Layer.mergeAll(WorkerServer.layer(primary), SpareMemory.layer, OpenFiles.layer)),
        Layer.provide(Gateway.layerRecorded(recordPath)),
        Layer.provide(ConfigRef.layerFile(config, seat)),
        Layer.provide(NodeFileSystem.layer),
        Layer.provide(Layer.succeed(WorkerSeat, seat))
      )
    )
    yield* primary.ready
    yield* Effect.raceFirst(Effect.raceFirst(primary.stopping, primary.leaving), Deferred.await(crashed))
  }).pipe(Effect.scoped, Effect.annotateLogs("worker", seat.number))

// Fails with the first error that nobody catches; until the scope closes none of them ends the process.
const crash = Effect.gen(function* () {
  const crashed = Deferred.unsafeMake<never, WorkerCrashed>(FiberId.none)
  const runFork = Runtime.runFork(yield* Effect.runtime())
  const onError = (cause: Error) => {
    runFork(Effect.logFatal(cause.stack ?? cause.message))
    Deferred.unsafeDone(crashed, new WorkerCrashed({ cause }))
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => process.on("uncaughtException", onError)),
    () => Effect.sync(() => process.off("uncaughtException", onError))
  )
  return crashed
})
