import * as Effect from "effect/Effect"
import type { AnswerChunk } from "../domain/chat/answer/AnswerChunk.js"
import type { Delivery } from "../relay/Delivery.js"
import * as ResponseSink from "../relay/ResponseSink.js"
import type { CallerSink, SinkListener } from "../relay/ResponseSink.js"

/** The side of a caller inside the process, which takes what it is sent when it likes. */
export interface LocalSink extends CallerSink {
  /** Where a stream goes: as the chunks that it is made of. */
  readonly delivery: Delivery<AnswerChunk>
  /** All chunks that came since the last time, waited for if need be; undefined when no more come. One waits at a time. */
  readonly take: Effect.Effect<ReadonlyArray<AnswerChunk> | undefined>
  /** The last piece: the whole of an answer that is not streamed. */
  readonly last: () => string
  /** The caller takes nothing more. */
  readonly leave: () => void
}

/** So much may wait for the caller before the backend is held back, in characters; Node's own measure for a socket. */
const highWater = 16 * 1024

/** The side of one call. */
export const make = (): LocalSink => {
  let waiting: Array<AnswerChunk> = []
  let size = 0
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
    waiting = []
    if (onEnded !== undefined) settle(false)
    else if (!over) listener?.onLeft()
    stop()
  }

  const hand = (): ReadonlyArray<AnswerChunk> | undefined => {
    const taken = waiting
    waiting = []
    size = 0
    if (over) settle(true)
    else if (full) {
      full = false
      onDrained()
    }
    return taken.length === 0 ? undefined : taken
  }

  const send = (chunks: ReadonlyArray<AnswerChunk>): boolean => {
    if (gone) return true
    for (const chunk of chunks) {
      waiting.push(chunk)
      size += chunk.wire().length
    }
    full = size >= highWater
    wake()
    return !full
  }

  const drained = Effect.async<void>((resume) => {
    if (full) onDrained = () => resume(Effect.void)
    else resume(Effect.void)
  })

  const end = (text: string, ended: (delivered: boolean) => void) => {
    last = text
    onEnded = ended
    if (gone || waiting.length === 0) settle(!gone)
    stop()
  }

  const sink: LocalSink = {
    delivery: {
      encode: (answer) => answer,
      begin: () => void (begun = true),
      send,
      drained,
      abandon: () => {},
      finish: (end, readWithin) => ResponseSink.finish(sink, end, readWithin, (ended) => sink.end("", ended))
    },
    listen: (next) => {
      listener = next
      if (gone) queueMicrotask(() => next.onLeft())
    },
    start: () => void (begun = true),
    // What is written in pieces comes as chunks.
    write: () => true,
    drained,
    end,
    endShort: end,
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
        if (waiting.length === 0 && !over) return
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
  return sink
}
