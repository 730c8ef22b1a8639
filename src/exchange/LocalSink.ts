import * as Effect from "effect/Effect"
import type { SinkListener } from "../relay/ResponseSink.js"
import type { CallerSink } from "./Exchange.js"

/** The sink of a caller inside the process, which takes what it is sent when it likes. */
export interface LocalSink extends CallerSink {
  /** All that was sent since the last time, waited for if need be; undefined when nothing more comes. One waits at a time. */
  readonly take: Effect.Effect<string | undefined>
  /** The last piece: the whole of an answer that is not streamed. */
  readonly last: () => string
  /** The caller takes nothing more. */
  readonly leave: () => void
}

/** So much may wait for the caller before the backend is held back, in characters; Node's own measure for a socket. */
const highWater = 16 * 1024

/** The sink of one call. */
export const make = (): LocalSink => {
  let waiting = ""
  let last = ""
  let begun = false
  let full = false
  let over = false
  let isCut = false
  let listener: SinkListener | undefined
  let onEnded: ((delivered: boolean) => void) | undefined
  let wake = () => {}
  let onDrained = () => {}

  const settle = (delivered: boolean) => {
    const ended = onEnded
    onEnded = undefined
    ended?.(delivered)
  }

  const stop = () => {
    over = true
    wake()
  }

  let gone = false
  const leave = () => {
    if (gone) return
    gone = true
    waiting = ""
    if (onEnded !== undefined) settle(false)
    else if (!over) listener?.onLeft()
    stop()
  }

  const hand = (): string | undefined => {
    const taken = waiting
    waiting = ""
    if (over) settle(true)
    else if (full) {
      full = false
      onDrained()
    }
    return taken === "" ? undefined : taken
  }

  return {
    listen: (next) => {
      listener = next
      if (gone) queueMicrotask(() => next.onLeft())
    },
    start: () => void (begun = true),
    write: (text) => {
      if (gone) return true
      waiting += text
      full = waiting.length >= highWater
      wake()
      return !full
    },
    drained: Effect.async((resume) => {
      if (full) onDrained = () => resume(Effect.void)
      else resume(Effect.void)
    }),
    end: (text, ended) => {
      last = text
      onEnded = ended
      if (gone || waiting === "") settle(!gone)
      stop()
    },
    abandon: leave,
    breakOff: () => {
      if (begun) stop()
      return begun
    },
    cut: () => {
      if (isCut) return
      isCut = true
      listener?.onCut()
    },
    take: Effect.async((resume) => {
      const tryNow = () => {
        if (waiting === "" && !over) return
        wake = () => {}
        resume(Effect.sync(hand))
      }
      wake = tryNow
      tryNow()
      return Effect.sync(() => void (wake = () => {}))
    }),
    last: () => last,
    leave
  }
}
