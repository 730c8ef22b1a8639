import * as Effect from "effect/Effect"
import type { Overloaded } from "../domain/failure/Failure.js"
import * as WaitingLine from "./WaitingLine.js"

/** The bytes of requests and answers that exchanges hold in memory, all together. */
export interface ByteBudget {
  /** What one exchange holds of it; nothing yet. All hold `most` together, of which one that is alone may have more. */
  readonly open: (most: number, limits: WaitingLine.Limits) => ByteLease
}

/** What one exchange holds of a {@link ByteBudget}, to its true end. */
export interface ByteLease {
  /** Takes so many bytes more if there is room for them now, and nobody has waited for longer. */
  take(bytes: number): boolean
  /** Takes them, or waits for room. */
  hold(bytes: number): Effect.Effect<void, Overloaded>
  /** Waits for room where {@link ByteLease.take} found none, and tells once whether it came in time; the result stops waiting. */
  whenFree(bytes: number, onSettled: (taken: boolean) => void): () => void
  /** Gives so many of them back, which are held no more. */
  giveBack(bytes: number): void
  /** Gives all of it back. */
  release(): void
}

/** What holds as much as it likes. */
export const unbounded: ByteLease = {
  take: () => true,
  hold: () => Effect.void,
  whenFree: (_, onSettled) => {
    queueMicrotask(() => onSettled(true))
    return () => {}
  },
  giveBack: () => {},
  release: () => {}
}

/** A budget of which nothing is taken. */
export const make = (): ByteBudget => {
  const line = WaitingLine.make({ serves: "first" })
  let held = 0

  const open: ByteBudget["open"] = (most, limits) => {
    let own = 0
    let isOver = false
    /** Takes out of the line who waits there: at most one does at a time. */
    let leaveLine = () => {}

    const taking = (bytes: number) => (): true | undefined => {
      // A request that is larger than the whole budget is served when it is alone.
      const isAlone = held === own
      if (isOver || (!isAlone && held + bytes > most)) return undefined
      held += bytes
      own += bytes
      return true
    }

    return {
      take: (bytes) => line.takeNow(taking(bytes)) === true,
      hold: (bytes) => Effect.asVoid(line.take(taking(bytes), limits)),
      whenFree: (bytes, onSettled) =>
        (leaveLine = line.join(taking(bytes), limits, (taken) => onSettled(taken === true))),
      giveBack: (bytes) => {
        if (isOver) return
        held -= bytes
        own -= bytes
        line.wake()
      },
      release: () => {
        isOver = true
        // Whoever stood there would keep all others waiting for what it does not want any more.
        leaveLine()
        if (own === 0) return
        held -= own
        own = 0
        line.wake()
      }
    }
  }

  return { open }
}
