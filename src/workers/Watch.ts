import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Heartbeat from "../domain/process/Heartbeat.js"
import type * as Acceptor from "./Acceptor.js"
import * as WorkerProcess from "./WorkerProcess.js"

/** A worker that is watched, and what is known of it. */
export interface Watched {
  readonly worker: WorkerProcess.WorkerProcess
  phase: "starting" | "serving" | "leaving"
  spoken: boolean
  missed: number
  state: Heartbeat.State
  /** When it said that it leaves, by `performance.now()`. */
  leftAt: number | undefined
}

/** How workers are watched. */
export interface Options {
  /** How often each says that it lives, in ms. */
  readonly beat: number
  /** How long one that leaves may take until it has ended. */
  readonly deadline: Effect.Effect<Duration.Duration>
}

/** What is known of a worker that has just been begun. */
export const begun = (worker: WorkerProcess.WorkerProcess): Watched => ({
  worker,
  phase: "starting",
  spoken: false,
  missed: 0,
  state: "alive",
  leftAt: undefined
})

/** It has said something. */
export const heard = (watched: Watched): void => {
  watched.spoken = true
  watched.missed = 0
}

/**
 * Looks after the workers for ever: one that is silent gets no connections until it is heard again, and what it has not
 * taken goes to others; one that does not come back, or does not end when it leaves, is killed.
 */
export const over = (
  crew: Iterable<Watched>,
  acceptor: Acceptor.Acceptor,
  { beat, deadline }: Options
): Effect.Effect<never> => {
  const look = (watched: Watched) =>
    Effect.suspend(() => {
      const before = watched.state
      if (before === "lost") return Effect.void
      watched.missed++
      watched.state = Heartbeat.stateOf(watched)
      return watched.state === before ? endLeaving(watched) : change(watched, before)
    })

  const change = (watched: Watched, before: Heartbeat.State) => {
    const { missed, phase, state, worker } = watched
    const name = WorkerProcess.nameOf(worker)
    const silence = `has said nothing for ${Duration.format(Duration.millis(missed * beat))}`
    if (state === "lost") return kill(watched, silence)
    if (state === "silent") {
      acceptor.lost(worker)
      return Effect.logWarning(`${name} ${silence}: it gets no connections`)
    }
    if (before === "alive") return Effect.void
    if (phase !== "serving") return Effect.logInfo(`${name} is heard again`)
    acceptor.add(worker)
    return Effect.logInfo(`${name} is heard again: it gets connections again`)
  }

  const endLeaving = (watched: Watched) =>
    watched.leftAt === undefined
      ? Effect.void
      : Effect.flatMap(deadline, (within) =>
          performance.now() - (watched.leftAt ?? Infinity) > Duration.toMillis(within)
            ? kill(watched, `has not ended within ${Duration.format(within)}`)
            : Effect.void
        )

  const kill = (watched: Watched, why: string) => {
    watched.state = "lost"
    watched.worker.kill("SIGKILL")
    return Effect.logError(`${WorkerProcess.nameOf(watched.worker)} ${why}: it is killed`)
  }

  const lookAtAll = Effect.suspend(() => {
    acceptor.look()
    return Effect.forEach([...crew], look, { discard: true })
  })
  return Effect.forever(Effect.zipRight(Effect.sleep(beat), lookAtAll))
}
