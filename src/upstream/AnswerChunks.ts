import * as Option from "effect/Option"
import * as ChatStream from "../domain/ChatStream.js"
import { reasonOf } from "../domain/Failure.js"
import * as JsonObject from "../domain/JsonObject.js"
import type { Repetition } from "../domain/RepeatedEvent.js"
import * as SseEvents from "../domain/SseEvents.js"
import type { UpstreamHead } from "./UpstreamCall.js"
import * as Utf8 from "./Utf8.js"

/** An answer as contract-true chunks, whether it comes as a stream of events or as one JSON body. */
export interface AnswerChunks {
  /** Sends the chunks to a listener from now on. */
  readonly listen: (listener: ChunkListener) => void
  readonly pause: () => void
  readonly resume: () => void
  /** How much of the answer has been read, in bytes. */
  readonly size: () => number
}

/** Hears of an answer; after `onEnd` nothing more comes. */
export interface ChunkListener {
  /** Whatever one read from the backend's socket amounted to, which may be nothing: a sign of life. */
  readonly onChunks: (chunks: ReadonlyArray<JsonObject.JsonObject>, content: boolean) => void
  /** The same for what only repeats the chunks before with another text. */
  readonly onRepeated: (said: Repetition) => void
  readonly onEnd: (end: ChatStream.StreamEnd) => void
}

/** An answer that is held back whole may be this large, in bytes. */
export const maxWhole = 64 * 1024 * 1024

// Costs as much to make as to read an answer with; it drops a byte order mark.
const wholeUtf8 = new TextDecoder()

/** The chunks of a successful answer; its content type decides how it is read, not what was asked for. */
export const make = (head: UpstreamHead, repair: ChatStream.ChatStream, asked: "stream" | "whole"): AnswerChunks => {
  const type = String(head.headers["content-type"] ?? "").toLowerCase()
  const whole = type.includes("json") || type.includes("html") || (asked === "whole" && !type.includes("event-stream"))
  return whole ? fromBody(head, repair) : fromEvents(head, repair)
}

const fromEvents = ({ body }: UpstreamHead, repair: ChatStream.ChatStream): AnswerChunks => {
  const utf8 = Utf8.make()
  const decoder = SseEvents.make()
  let size = 0
  let ended = false

  const pass = (listener: ChunkListener, events: ReadonlyArray<SseEvents.SseEvent>): void => {
    hand(
      listener,
      events.map((event) => repair.push(event))
    )
    if (decoder.overflowed() && !ended)
      end(listener, ChatStream.StreamEnd.Truncated({ reason: "an event was too large" }))
  }

  const hand = (listener: ChunkListener, steps: ReadonlyArray<ChatStream.Step>): void => {
    const chunks: Array<JsonObject.JsonObject> = []
    let content = false
    let last: ChatStream.StreamEnd | undefined
    for (const step of steps) {
      chunks.push(...step.chunks)
      content ||= step.content
      last ??= step.end
    }
    listener.onChunks(chunks, content)
    if (last !== undefined) end(listener, last)
  }

  const end = (listener: ChunkListener, how: ChatStream.StreamEnd): void => {
    ended = true
    listener.onEnd(how)
  }

  return {
    listen: (listener) =>
      body.listen({
        onData: (bytes) => {
          size += bytes.length
          if (ended) return
          const text = utf8.decode(bytes)
          const said = decoder.isBetween() ? repair.recall(text) : undefined
          if (said === undefined) pass(listener, decoder.push(text))
          else listener.onRepeated(said)
        },
        onEnd: () => {
          if (!ended) pass(listener, [...decoder.push(utf8.end()), ...decoder.end()])
          if (!ended) hand(listener, [repair.end()])
        },
        onLost: (cause) => {
          if (ended) return
          // A complete answer needs no goodbye.
          const step = repair.end()
          const complete = step.end?._tag === "Finished"
          hand(listener, [
            complete ? step : { ...step, end: ChatStream.StreamEnd.Truncated({ reason: reasonOf(cause) }) }
          ])
        }
      }),
    pause: () => body.pause(),
    resume: () => body.resume(),
    size: () => size
  }
}

const fromBody = ({ body }: UpstreamHead, repair: ChatStream.ChatStream): AnswerChunks => {
  const pieces: Array<Uint8Array> = []
  let size = 0
  let ended = false

  const end = (listener: ChunkListener, how: ChatStream.StreamEnd): void => {
    if (ended) return
    ended = true
    pieces.length = 0
    listener.onEnd(how)
  }
  const truncated = (reason: string) => ChatStream.StreamEnd.Truncated({ reason })

  return {
    listen: (listener) =>
      body.listen({
        onData: (bytes) => {
          if (ended) return
          pieces.push(bytes)
          size += bytes.length
          if (size > maxWhole) end(listener, truncated("the answer was too large"))
        },
        onEnd: () => {
          if (ended) return
          const parsed = JsonObject.parse(wholeUtf8.decode(Buffer.concat(pieces)))
          if (Option.isNone(parsed)) return end(listener, truncated("the answer is not a JSON object"))
          const step = repair.pushWhole(parsed.value)
          listener.onChunks(step.chunks, step.content)
          end(listener, step.end ?? ChatStream.StreamEnd.Finished())
        },
        onLost: (cause) => end(listener, truncated(reasonOf(cause)))
      }),
    pause: () => body.pause(),
    resume: () => body.resume(),
    size: () => size
  }
}
