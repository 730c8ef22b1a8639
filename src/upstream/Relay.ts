import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Accumulator from "../domain/Accumulator.js"
import type { ChatRequest } from "../domain/ChatRequest.js"
import type { StreamEnd } from "../domain/ChatStream.js"
import type { Journal } from "../domain/Journal.js"
import type * as JsonObject from "../domain/JsonObject.js"
import { RelayEnd } from "../domain/Outcome.js"
import * as SseEvents from "../domain/SseEvents.js"
import * as WireError from "../domain/WireError.js"
import * as Alarm from "./Alarm.js"
import type { Answer } from "./Attempt.js"

/** Where an answer goes: the caller's connection, or whatever stands for it. */
export interface ResponseSink {
  /** Tells of the caller from now on; a departure that has already happened is told at once. */
  readonly listen: (listener: SinkListener) => void
  /** Sends the head. */
  readonly start: (status: number, headers: Readonly<Record<string, string>>) => void
  /** Sends a piece of the body; false asks to wait for `onDrained`. */
  readonly write: (text: string) => boolean
  /** Sends the last piece and says whether the caller took everything. */
  readonly end: (text: string, onEnded: (delivered: boolean) => void) => void
  /** Closes the connection of a caller that does not take the rest. */
  readonly abandon: () => void
}

/** How long a caller may take to read the last piece of an answer that was cut short. */
const lastRead = Duration.seconds(1)

/** Hears of the caller while an answer is relayed. */
export interface SinkListener {
  readonly onDrained: () => void
  /** The caller closed its connection. */
  readonly onLeft: () => void
  /** The gateway stops and the drain deadline has passed. */
  readonly onCut: () => void
}

const streamHeaders = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache",
  "x-accel-buffering": "no"
}

/** Sends a whole JSON response and says whether the caller took it. */
export const sendJson = (
  sink: ResponseSink,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: object,
  onEnded: (delivered: boolean) => void
): void => {
  const text = JSON.stringify(body)
  const length = String(Buffer.byteLength(text))
  sink.start(status, { ...headers, "content-type": "application/json", "content-length": length })
  sink.end(text, onEnded)
}

/** What is relayed, and where to. */
export interface Options {
  readonly request: ChatRequest
  readonly answer: Answer
  readonly sink: ResponseSink
  /** Learns what the caller got. */
  readonly journal: Journal
  /** After how long a silence a stream's caller gets a sign of life, if at all. */
  readonly keepalive: Option.Option<Duration.Duration>
  /** What is to be done before the caller can see that the answer has ended, in this way for all that is known. */
  readonly beforeEnd: (end: RelayEnd) => Effect.Effect<void>
}

/** Moves a committed answer to the caller, to its true end. */
export const relay = (options: Options): Effect.Effect<RelayEnd> =>
  options.request.stream ? relayStream(options) : relayWhole(options)

const relayWhole = ({ answer, beforeEnd, journal, request, sink }: Options): Effect.Effect<RelayEnd> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.async((resume) => {
      const accumulator = Accumulator.make(request.kind)
      answer.held.forEach(accumulator.push)
      answer.release()
      const body = accumulator.result(answer.repair.usage)
      journal.answer = body
      journal.usage = answer.repair.usage
      journal.status = 200
      const deadline = Alarm.make()
      let cut = false
      deadline.set(Duration.millis(answer.deadline - now), sink.abandon)
      const onCut = () => {
        cut = true
        deadline.set(lastRead, sink.abandon)
      }
      sink.listen({ onDrained: () => {}, onLeft: () => {}, onCut })
      const send = Effect.async<RelayEnd>((resume) =>
        sendJson(sink, 200, answer.headers, body ?? {}, (delivered) => {
          deadline.clear()
          resume(Effect.succeed(whenEnded(RelayEnd.Completed(), delivered, cut)))
        })
      )
      resume(Effect.zipRight(beforeEnd(RelayEnd.Completed()), send))
    })
  )

const relayStream = ({ answer, beforeEnd, journal, keepalive, request, sink }: Options): Effect.Effect<RelayEnd> =>
  Effect.flatMap(Effect.clock, (clock) =>
    Effect.async<RelayEnd>((resume) => {
      const now = clock.unsafeCurrentTimeMillis()
      const { idle, total } = answer.target.backend.timeouts
      const accumulator = Accumulator.make(request.kind)
      const silence = Alarm.make()
      const deadline = Alarm.make()
      const beat = Alarm.make()
      let ended = false
      let cut = false

      const finish = (end: RelayEnd): void => {
        if (ended) return
        ended = true
        for (const alarm of [silence, beat]) alarm.clear()
        if (end._tag === "Completed") {
          // A whole answer may be read until the deadline.
          deadline.set(Duration.millis(answer.deadline - clock.unsafeCurrentTimeMillis()), sink.abandon)
          answer.release()
        } else {
          deadline.set(lastRead, sink.abandon)
          answer.abort()
        }
        journal.answer = accumulator.result(answer.repair.usage)
        journal.usage = answer.repair.usage
        const last = end._tag === "Completed" ? SseEvents.done : (WireError.frame(end) ?? "")
        const sendLast = Effect.async<RelayEnd>((resume) =>
          sink.end(last, (delivered) => {
            deadline.clear()
            resume(Effect.succeed(whenEnded(end, delivered, cut)))
          })
        )
        resume(Effect.zipRight(beforeEnd(end), sendLast))
      }

      const send = (chunks: ReadonlyArray<JsonObject.JsonObject>): void => {
        if (ended || chunks.length === 0) return
        chunks.forEach(accumulator.push)
        beat.refresh()
        if (sink.write(chunks.map(SseEvents.frame).join(""))) return
        // While the caller is slow, the backend's silence is our doing.
        silence.clear()
        answer.rest.pause()
      }

      const watchSilence = () => silence.set(idle, () => finish(RelayEnd.UpstreamStalled({ after: idle })))

      // Between events only, and never after the finish: strict clients break on anything else.
      const keepAlive = (after: Duration.Duration): void =>
        beat.set(after, () => {
          if (!answer.repair.finished) sink.write(SseEvents.keepalive)
          keepAlive(after)
        })

      journal.status = 200
      journal.firstTokenAt = now
      deadline.set(Duration.millis(answer.deadline - now), () => finish(RelayEnd.UpstreamStalled({ after: total })))
      watchSilence()
      sink.listen({
        onDrained: () => {
          if (ended) return
          watchSilence()
          answer.rest.resume()
        },
        onLeft: () => finish(RelayEnd.CallerLeft()),
        onCut: () => {
          cut = true
          deadline.set(lastRead, sink.abandon)
          finish(RelayEnd.CutByDrain())
        }
      })
      sink.start(200, { ...answer.headers, ...streamHeaders })
      if (Option.isSome(keepalive)) keepAlive(keepalive.value)
      send(answer.held)
      if (answer.ended !== undefined) return finish(relayEnd(answer.ended, answer.scrub))
      answer.rest.listen({
        onChunks: (chunks) => {
          silence.refresh()
          send(chunks)
        },
        onEnd: (end) => finish(relayEnd(end, answer.scrub))
      })
    })
  )

const relayEnd = (end: StreamEnd, scrub: Answer["scrub"]): RelayEnd => {
  switch (end._tag) {
    case "Finished":
      return RelayEnd.Completed()
    case "Errored":
      return RelayEnd.UpstreamErrored({ error: scrub(end.error) })
    case "Truncated":
      return RelayEnd.UpstreamBroke({ reason: end.reason })
  }
}

// An answer that the caller did not take to its end is not complete, whatever the backend did.
const whenEnded = (end: RelayEnd, delivered: boolean, cut: boolean): RelayEnd => {
  if (delivered || end._tag !== "Completed") return end
  return cut ? RelayEnd.CutByDrain() : RelayEnd.CallerLeft()
}
