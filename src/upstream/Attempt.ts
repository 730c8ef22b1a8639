import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ChatRequest } from "../domain/ChatRequest.js"
import * as ChatStream from "../domain/ChatStream.js"
import * as Credentials from "../domain/Credentials.js"
import * as ErrorBody from "../domain/ErrorBody.js"
import {
  FirstTokenTimedOut,
  HeadersTimedOut,
  ProtocolBroken,
  TotalTimedOut,
  UpstreamRejected
} from "../domain/Failure.js"
import type { AttemptFailure } from "../domain/Failure.js"
import type * as JsonObject from "../domain/JsonObject.js"
import type { Target } from "../domain/RouteTable.js"
import * as UpstreamError from "../domain/UpstreamError.js"
import type * as Alarm from "./Alarm.js"
import * as AnswerChunks from "./AnswerChunks.js"
import * as Decompress from "./Decompress.js"
import * as Endpoint from "./Endpoint.js"
import type { Connections } from "./Upstream.js"
import * as UpstreamCall from "./UpstreamCall.js"

/** An answer that is ready to be committed: its beginning is in hand, the rest is still to come. */
export interface Answer {
  readonly target: Target
  /** The backend's headers that the caller may see. */
  readonly headers: Record<string, string>
  /** The chunks in hand: up to the first content of a stream, or all of an answer that is not streamed. */
  readonly held: ReadonlyArray<JsonObject.JsonObject>
  /** How the answer ended, when all of it is in hand. */
  readonly ended: ChatStream.StreamEnd | undefined
  /** The chunks still to come. */
  readonly rest: AnswerChunks.AnswerChunks
  readonly repair: ChatStream.ChatStream
  /** An error of the backend's as the caller may see it. */
  readonly scrub: (error: ErrorBody.ErrorBody) => ErrorBody.ErrorBody
  /** When `timeouts.total` has passed, in ms since the epoch. */
  readonly deadline: number
  readonly abort: () => void
  readonly release: () => void
}

/** How an attempt goes on with an answer that has broken off. */
export interface Going {
  readonly mode: "restart" | "continue"
  /** What the caller has of it, if the backend is to be told. */
  readonly partial: string | undefined
  /** The prefix to put before the first content, whoever's it is. */
  readonly prefix: string
}

/** What an attempt is made with. */
export interface Options {
  readonly id: string
  readonly request: ChatRequest
  readonly target: Target
  /** The body to send, as JSON text. */
  readonly body: string
  readonly connections: Connections
  readonly clock: Clock.Clock
  /** Comes before the first content. */
  readonly prefix: string
  readonly callerHeaders: Credentials.Headers
  /** When `timeouts.total` has passed, in ms since the epoch. */
  readonly deadline: number
  /** Is given what ends the call, to be run when the answer is over. */
  readonly atEnd: (last: () => void) => void
}

/** Error bodies are read up to this size, in bytes. */
const maxErrorBody = 16 * 1024

/** So many chunks without content may come before the first with some, and so many bytes. */
const maxHeld = { chunks: 1_000, bytes: 16 * 1024 * 1024 }

/** One try against one backend, up to the first content of a stream or the whole of an answer that is not streamed. */
export const make: (options: Options) => Effect.Effect<Answer, AttemptFailure> = Effect.fnUntraced(function* (
  options: Options
) {
  const { clock, request, target } = options
  const { timeouts } = target.backend
  const scrubText = (text: string) => Credentials.scrub(text, target.backend, options.callerHeaders)
  const scrub = (error: ErrorBody.ErrorBody) => ErrorBody.mapTexts(error, scrubText)
  const startedAt = clock.unsafeCurrentTimeMillis()
  const elapsed = () => Duration.millis(clock.unsafeCurrentTimeMillis() - startedAt)
  const left = (limit: Duration.Duration) => Duration.subtract(limit, elapsed())
  const total = () => ({
    after: left(Duration.millis(options.deadline - startedAt)),
    failure: () => new TotalTimedOut({ after: timeouts.total })
  })
  const headers = { after: timeouts.headers, failure: () => new HeadersTimedOut({ after: timeouts.headers }) }

  const { origin, path } = Endpoint.of(target, request.kind === "chat" ? "/chat/completions" : "/completions")
  const call = UpstreamCall.make(options.connections, {
    origin,
    path,
    method: "POST",
    headers: Object.assign(Credentials.upstreamHeaders(target.backend, options.callerHeaders, request.stream), {
      "content-type": "application/json"
    }),
    body: options.body,
    connectTimeout: timeouts.connect,
    // The head of an answer that is not streamed comes with the answer, minutes later for some models.
    headLimit: request.stream ? shorter(total(), headers) : total()
  })
  options.atEnd(call.abort)
  const head = yield* Decompress.head(yield* call.head)
  if (head.status < 200 || head.status > 299) {
    const text = yield* readError(head, total().after)
    call.release()
    const now = clock.unsafeCurrentTimeMillis()
    return yield* UpstreamError.fromResponse(head.status, head.headers, scrubText(text), now)
  }

  const repair = ChatStream.make({
    kind: request.kind,
    id: options.id,
    model: target.model,
    created: Math.floor(startedAt / 1000),
    prefix: options.prefix,
    includeUsage: request.includeUsage,
    cumulative: target.backend.cumulativeContent
  })
  const rest = AnswerChunks.make(head, repair, request.stream ? "stream" : "whole")
  const firstToken = {
    after: left(timeouts.firstToken),
    failure: () => new FirstTokenTimedOut({ after: timeouts.firstToken })
  }
  const { ended, held } = yield* request.stream
    ? holdStream(rest, repair, call, shorter(total(), firstToken))
    : holdWhole(rest, call, total())
  const failure = failureIn(ended, scrub)
  if (failure !== undefined) {
    call.release()
    return yield* failure
  }
  return {
    target,
    headers: Credentials.callerHeaders(head.headers),
    held,
    ended,
    rest,
    repair,
    scrub,
    deadline: options.deadline,
    abort: call.abort,
    release: call.release
  }
})

// What ended badly before anything was sent is a failed attempt.
const failureIn = (
  ended: ChatStream.StreamEnd | undefined,
  scrub: Answer["scrub"]
): UpstreamRejected | ProtocolBroken | undefined => {
  if (ended === undefined || ended._tag === "Finished") return undefined
  if (ended._tag === "Truncated") return new ProtocolBroken({ reason: ended.reason })
  return new UpstreamRejected({ status: ended.status, retryAfter: undefined, error: scrub(ended.error) })
}

interface Held {
  readonly held: ReadonlyArray<JsonObject.JsonObject>
  readonly ended: ChatStream.StreamEnd | undefined
}

// Keeps the chunks of a stream back until there is something to commit to: its first content, or its end.
const holdStream = <E>(
  chunks: AnswerChunks.AnswerChunks,
  repair: ChatStream.ChatStream,
  call: UpstreamCall.UpstreamCall,
  limit: Alarm.Limit<E>
): Effect.Effect<Held, E | ProtocolBroken> =>
  hold(chunks, call, limit, (held, content) => {
    if (repair.malformed() > 0) return new ProtocolBroken({ reason: "the stream is not JSON" })
    if (content) return "enough"
    return held.length > maxHeld.chunks || chunks.size() > maxHeld.bytes
      ? new ProtocolBroken({ reason: "no content in the stream" })
      : undefined
  })

// Keeps the whole answer back.
const holdWhole = <E>(
  chunks: AnswerChunks.AnswerChunks,
  call: UpstreamCall.UpstreamCall,
  limit: Alarm.Limit<E>
): Effect.Effect<Held, E | ProtocolBroken> =>
  hold(chunks, call, limit, () =>
    chunks.size() > AnswerChunks.maxWhole ? new ProtocolBroken({ reason: "the answer was too large" }) : undefined
  )

const hold = <E>(
  chunks: AnswerChunks.AnswerChunks,
  { abort, alarm }: UpstreamCall.UpstreamCall,
  limit: Alarm.Limit<E>,
  verdict: (held: ReadonlyArray<JsonObject.JsonObject>, content: boolean) => ProtocolBroken | "enough" | undefined
): Effect.Effect<Held, E | ProtocolBroken> =>
  Effect.async((resume) => {
    const held: Array<JsonObject.JsonObject> = []
    let ended: ChatStream.StreamEnd | undefined
    const settle = (result: Effect.Effect<Held, E | ProtocolBroken>) => {
      alarm.clear()
      chunks.pause()
      resume(result)
    }
    // The end may come with the content, in the same turn.
    const stop = () => settle(Effect.sync(() => ({ held, ended })))
    const fail = (failure: E | ProtocolBroken) => {
      abort()
      settle(Effect.fail(failure))
    }
    const onChunks = (more: ReadonlyArray<JsonObject.JsonObject>, content: boolean) => {
      for (const chunk of more) held.push(chunk)
      const result = verdict(held, content)
      if (result === "enough") stop()
      else if (result !== undefined) fail(result)
    }
    alarm.set(limit.after, () => fail(limit.failure()))
    chunks.listen({
      onChunks,
      onRepeated: (said) => onChunks([said.chunk()], true),
      onEnd: (end) => {
        ended = end
        stop()
      }
    })
  })

// The status alone says enough when the rest does not come.
const readError = ({ body }: UpstreamCall.UpstreamHead, left: Duration.Duration): Effect.Effect<string> => {
  const after = Duration.min(left, Duration.seconds(5))
  return UpstreamCall.readText(body, maxErrorBody, { after, failure: () => "late" }).pipe(
    Effect.orElseSucceed(() => "")
  )
}

const shorter = <A, B>(a: Alarm.Limit<A>, b: Alarm.Limit<B>): Alarm.Limit<A | B> =>
  Duration.lessThan(a.after, b.after) ? a : b
