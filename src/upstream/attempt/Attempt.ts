import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { ChatRequest } from "../../domain/chat/ChatRequest.js"
import * as ChatStream from "../../domain/chat/answer/ChatStream.js"
import * as Credentials from "../../domain/backend/Credentials.js"
import {
  FirstTokenTimedOut,
  HeadersTimedOut,
  ProtocolBroken,
  ResourcesExhausted,
  TotalTimedOut,
  UpstreamRejected
} from "../../domain/failure/Failure.js"
import type { AttemptFailure } from "../../domain/failure/Failure.js"
import type * as JsonObject from "../../domain/json/JsonObject.js"
import type { Target } from "../../domain/routing/RouteTable.js"
import * as Secrets from "../../domain/backend/Secrets.js"
import * as Told from "../../domain/chat/answer/Told.js"
import * as UpstreamError from "../../domain/failure/UpstreamError.js"
import type * as Alarm from "../../flow/Alarm.js"
import * as AnswerChunks from "./AnswerChunks.js"
import type { ByteLease } from "../../admission/ByteBudget.js"
import * as Decompress from "../Decompress.js"
import * as BackendUrl from "../BackendUrl.js"
import * as CommitPoint from "./CommitPoint.js"
import * as Metering from "./Metering.js"
import type { Connections } from "../Upstream.js"
import * as UpstreamCall from "../UpstreamCall.js"
import type { SteadyClock } from "../../flow/SteadyClock.js"

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
  /** How the answer ended, as it may be told. */
  readonly told: (end: ChatStream.StreamEnd) => ChatStream.StreamEnd
  /** When `timeouts.total` has passed, in ms since the epoch. */
  readonly deadline: number
  /** To be aborted or released when the answer is over. */
  readonly call: Pick<UpstreamCall.UpstreamCall, "abort" | "alarm" | "release">
}

/** What came of an attempt. */
export type Result = Either.Either<Answer, AttemptFailure>

/** How an attempt goes on with an answer that has broken off. */
export interface Resumption {
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
  readonly clock: SteadyClock
  /** When the attempt begins, in ms since the epoch. */
  readonly startedAt: number
  /** Comes before the first content. */
  readonly prefix: string
  readonly callerHeaders: Credentials.Headers
  /** When `timeouts.total` has passed, in ms since the epoch. */
  readonly deadline: number
  /** What the exchange holds in memory, the answer that is held back included. */
  readonly bytes: ByteLease
  /** Is given what ends the call, to be run when the answer is over. */
  readonly atEnd: (last: () => void) => void
}

/** Error bodies are read up to this size, in bytes. */
const maxErrorBody = 16 * 1024

/** So long the body of an error is waited for, in ms. */
const errorPatience = 5_000

/** One try against one backend, up to the first content of a stream or the whole of an answer that is not streamed. */
export const make = (options: Options): Effect.Effect<Result> =>
  // Of one wait: another would cost as much as what is done in between.
  Effect.async((resume) => new Attempt(options, resume).begin())

class Attempt implements UpstreamCall.HeadListener {
  private readonly call: UpstreamCall.UpstreamCall
  private body: Metering.MeteredBody | undefined = undefined

  constructor(
    private readonly options: Options,
    private readonly resume: (result: Effect.Effect<Result>) => void
  ) {
    const { body, callerHeaders, connections, request, startedAt, target } = options
    const { connect, headers } = target.backend.timeouts
    const { origin, path } = BackendUrl.of(target, request.kind === "chat" ? "/chat/completions" : "/completions")
    this.call = UpstreamCall.make(connections, {
      origin,
      path,
      method: "POST",
      headers: Object.assign(Credentials.upstreamHeaders(target.backend, callerHeaders, request.stream), {
        "content-type": "application/json"
      }),
      body,
      connectTimeout: connect,
      // The head of an answer that is not streamed comes with the answer, minutes later for some models.
      headLimit: request.stream ? this.limit(startedAt, headers, HeadersTimedOut) : this.total(startedAt)
    })
  }

  begin(): void {
    this.options.atEnd(() => this.giveUp())
    this.call.send(this)
  }

  onHead(compressed: UpstreamCall.UpstreamHead): void {
    const { clock, id, prefix, request, startedAt, target } = this.options
    const now = clock.now()
    const decoded = Decompress.head(compressed)
    if (Either.isLeft(decoded)) return this.onFailed(decoded.left)
    const head = decoded.right
    if (head.status < 200 || head.status > 299) return this.resume(this.refused(head, now))
    const repair = ChatStream.make({
      kind: request.kind,
      id,
      model: target.model,
      created: Math.floor(startedAt / 1000),
      prefix,
      includeUsage: request.includeUsage,
      cumulative: target.backend.cumulativeContent
    })
    const asked = request.stream ? "stream" : "whole"
    const exhausted = () => this.onFailed(new ResourcesExhausted({ what: "memory", everywhere: true }))
    const body = (this.body = Metering.make(head.body, this.options.bytes, exhausted))
    const chunks = AnswerChunks.make({ status: head.status, headers: head.headers, body }, repair, asked)
    const { firstToken } = target.backend.timeouts
    CommitPoint.begin({
      chunks,
      repair,
      asked,
      alarm: this.call.alarm,
      limit: request.stream ? this.limit(now, firstToken, FirstTokenTimedOut) : this.total(now),
      onFailed: (failure) => this.onFailed(failure),
      onHeld: (held) => {
        body.passOn()
        this.resume(Effect.sync(() => this.answer(head, repair, chunks, held)))
      }
    })
  }

  private giveUp(): void {
    this.body?.giveUp()
    this.call.abort()
  }

  onFailed(failure: AttemptFailure): void {
    this.giveUp()
    this.resume(Effect.sync(() => this.failed(failure)))
  }

  // The only way out for what went wrong before the commit.
  private failed(failure: AttemptFailure): Result {
    const { callerHeaders, target } = this.options
    return Either.left(Told.failure(failure, target.backend, callerHeaders))
  }

  // An error response, as what it says of the attempt.
  private refused({ body, headers, status }: UpstreamCall.UpstreamHead, now: number): Effect.Effect<Result> {
    const after = Math.min(this.total(now).after, errorPatience)
    // The status alone says enough when the rest does not come.
    const text = Effect.orElseSucceed(
      UpstreamCall.readText(body, maxErrorBody, { after, failure: () => "late" }),
      () => ""
    )
    return Effect.map(text, (said) => {
      this.call.release()
      const heardAt = this.options.clock.date()
      return this.failed(UpstreamError.fromResponse(status, headers, said, heardAt))
    })
  }

  private answer(
    head: UpstreamCall.UpstreamHead,
    repair: ChatStream.ChatStream,
    rest: AnswerChunks.AnswerChunks,
    { chunks, ended }: CommitPoint.Held
  ): Result {
    const { call, options } = this
    const { backend } = options.target
    const failure = failureIn(ended)
    if (failure !== undefined) {
      call.release()
      return this.failed(failure)
    }
    return Either.right({
      target: options.target,
      headers: Secrets.hideInHeaders(Credentials.callerHeaders(head.headers), backend),
      held: chunks,
      ended,
      rest,
      repair,
      told: (end) => Told.end(end, backend, options.callerHeaders),
      deadline: options.deadline,
      call
    })
  }

  // Of a phase that may last so long since the beginning of the attempt, unless `total` has passed before.
  private limit<E>(
    now: number,
    most: Duration.Duration,
    Failure: new (fields: { readonly after: Duration.Duration }) => E
  ): Alarm.Limit<E | TotalTimedOut> {
    const total = this.total(now)
    const after = Duration.toMillis(most) - (now - this.options.startedAt)
    return total.after < after ? total : { after, failure: () => new Failure({ after: most }) }
  }

  private total(now: number): Alarm.Limit<TotalTimedOut> {
    const { deadline, target } = this.options
    const { total } = target.backend.timeouts
    return { after: deadline - now, failure: () => new TotalTimedOut({ after: total }) }
  }
}

// What ended badly before anything was sent is a failed attempt.
const failureIn = (ended: ChatStream.StreamEnd | undefined): UpstreamRejected | ProtocolBroken | undefined => {
  if (ended === undefined || ended._tag === "Finished") return undefined
  if (ended._tag === "Truncated") return new ProtocolBroken({ reason: ended.reason })
  return new UpstreamRejected({ status: ended.status, retryAfter: undefined, error: ended.error })
}
