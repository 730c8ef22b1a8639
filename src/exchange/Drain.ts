import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Layer from "effect/Layer"
import type { Overloaded } from "../domain/Failure.js"
import * as WaitingLine from "../upstream/WaitingLine.js"
import type { Limits } from "../upstream/WaitingLine.js"
import * as Running from "./Running.js"

/** Knows the exchanges that are running, and brings them to an end when the gateway stops. */
export class Drain extends Context.Tag("causeway/http/Drain")<
  Drain,
  {
    /** Whether the gateway is stopping, so that no exchange may begin. */
    readonly isDraining: () => boolean
    /**
     * Waits until fewer than `most` are admitted; undefined where that is so already. `hold` is given the way to leave
     * again.
     */
    readonly admit: (
      most: number,
      queue: Limits,
      hold: (leave: () => void) => void
    ) => Effect.Effect<void, Overloaded> | undefined
    /** Whether new exchanges are welcome: not from the moment on that the gateway is to stop. */
    readonly isReady: () => boolean
    /** Says that the gateway is to stop, while it still serves. */
    readonly announce: Effect.Effect<void>
    /** Counts an exchange in; `cut` is called at the drain deadline. The result counts it out. */
    readonly enter: (cut: () => void) => () => void
    /** Lets no exchange begin, waits for those that run, and cuts what is left at the deadline. */
    readonly drain: (deadline: Duration.Duration) => Effect.Effect<void>
  }
>() {}

/** Who interrupts an exchange that is cut before its commit. */
export const drainFiberId: FiberId.FiberId = FiberId.runtime(-498, 0)

const make = Effect.sync(() => {
  const running = Running.make<() => void>()
  const line = WaitingLine.make()
  let admitted = 0
  let ready = true
  let draining = false
  let onIdle = () => {}

  const idle = Effect.async<void>((resume) => {
    if (running.size() === 0) return resume(Effect.void)
    onIdle = () => resume(Effect.void)
  })

  const leave = () => {
    admitted--
    line.wake()
  }

  return Drain.of({
    isDraining: () => draining,
    isReady: () => ready && !draining,
    announce: Effect.sync(() => (ready = false)),
    admit: (most, queue, hold) => {
      const take = () => {
        if (admitted >= most) return undefined
        admitted++
        hold(leave)
        return leave
      }
      return take() === undefined ? line.take(take, queue) : undefined
    },
    enter: (cut) => {
      const leave = running.enter(cut)
      return () => {
        leave()
        if (running.size() === 0) onIdle()
      }
    },
    drain: Effect.fnUntraced(function* (deadline: Duration.Duration) {
      draining = true
      const ended = yield* idle.pipe(Effect.interruptible, Effect.timeoutOption(deadline))
      if (ended._tag === "Some") return
      yield* Effect.logWarning(`Cutting ${running.size()} exchanges at the drain deadline`)
      for (const cut of running.all()) cut()
      yield* idle
    })
  })
})

/** The register of one gateway. */
export const layer: Layer.Layer<Drain> = Layer.effect(Drain, make)
