import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Backend } from "../domain/backend/Backend.js"
import type { ChatRequest } from "../domain/chat/ChatRequest.js"
import type { StreamEnd } from "../domain/chat/answer/ChatStream.js"
import * as Credentials from "../domain/backend/Credentials.js"
import { ConnectFailed, ProtocolBroken, TotalTimedOut, UpstreamRejected } from "../domain/failure/Failure.js"
import type { AttemptFailure, BodyMalformed } from "../domain/failure/Failure.js"
import * as JsonObject from "../domain/json/JsonObject.js"
import type { Target } from "../domain/routing/RouteTable.js"
import * as Told from "../domain/chat/answer/Told.js"
import * as UpstreamError from "../domain/failure/UpstreamError.js"
import * as Prepare from "../domain/chat/request/Prepare.js"
import type { Connections } from "../http1/Dispatch.js"
import * as Attempt from "../upstream/attempt/Attempt.js"
import { Backends } from "../upstream/Backends.js"
import * as ByteBudget from "../admission/ByteBudget.js"
import * as Decompress from "../upstream/Decompress.js"
import * as BackendUrl from "../upstream/BackendUrl.js"
import * as SteadyClock from "../flow/SteadyClock.js"
import * as UpstreamCall from "../upstream/UpstreamCall.js"

/** A short answer of a backend. */
export interface Reply {
  /** Until the whole of an answer, or the first content of a stream. */
  readonly ms: number
  /** Whether it came as a stream of events. */
  readonly isStream: boolean
}

/** What keeps a backend from answering. */
export type CallFailure = AttemptFailure | BodyMalformed

/** A list of models may be this large, in bytes. */
const maxList = 8 * 1024 * 1024

/** The names of the models that a backend lists. */
export const list = (
  backend: Backend,
  caller: Credentials.Headers
): Effect.Effect<ReadonlyArray<string>, AttemptFailure, Backends> =>
  Effect.gen(function* () {
    // Nothing is asked, so nothing was reached.
    if (BackendUrl.isPerModel(backend.baseUrl))
      return yield* new ConnectFailed({ timedOut: false, cause: "no such list" })
    const { connect, total } = backend.timeouts
    const limit = { after: Duration.toMillis(total), failure: () => new TotalTimedOut({ after: total }) }
    const call = UpstreamCall.make((yield* Backends).dispatcher(backend), {
      ...BackendUrl.of({ backend, model: "" }, "/models"),
      method: "GET",
      headers: Credentials.upstreamHeaders(backend, caller, false),
      body: null,
      connectTimeout: connect,
      headLimit: limit
    })
    yield* Effect.addFinalizer(() => Effect.sync(() => call.abort()))
    const head = yield* Decompress.head(yield* UpstreamCall.head(call))
    const text = yield* UpstreamCall.readText(head.body, maxList, limit)
    if (head.status < 200 || head.status > 299) {
      const now = yield* Clock.currentTimeMillis
      return yield* UpstreamError.fromResponse(head.status, head.headers, text, now)
    }
    const { data } = Option.getOrElse(JsonObject.parse(text), JsonObject.empty)
    if (!Array.isArray(data)) return yield* new ProtocolBroken({ reason: "no list of models" })
    return JsonObject.listOf(data).flatMap((model) => JsonObject.text(JsonObject.orEmpty(model)["id"]) ?? [])
  }).pipe(
    Effect.scoped,
    Effect.mapError((failure) => Told.failure(failure, backend, caller))
  )

/** Asks for an answer of one token, through the same code as a caller's request. */
export const ask = (
  target: Target,
  caller: Credentials.Headers,
  stream: boolean
): Effect.Effect<Reply, CallFailure, Backends> =>
  Effect.catchIf(
    attempt(target, caller, stream, "max_tokens"),
    // OpenAI's reasoning models know the limit by another name only.
    (failure) => failure._tag === "UpstreamRejected" && failure.error.message.includes(newLimit),
    () => attempt(target, caller, stream, newLimit)
  )

const newLimit = "max_completion_tokens"

const attempt = (target: Target, caller: Credentials.Headers, stream: boolean, limit: string) =>
  Effect.gen(function* () {
    const request = requestFor(target.model, stream, limit)
    const body = JSON.stringify(yield* Prepare.make(request, target))
    const { total } = target.backend.timeouts
    const clock = SteadyClock.of(yield* Effect.clock)
    const startedAt = clock.now()
    let isStream = false
    const ends: Array<() => void> = []
    yield* Effect.addFinalizer(() => Effect.sync(() => ends.forEach((end) => end())))
    const connections = (yield* Backends).dispatcher(target.backend)
    const answer = yield* yield* Attempt.make({
      id: "ping",
      request,
      target,
      body,
      connections: watched(connections, (type) => (isStream = type.includes("event-stream"))),
      clock,
      startedAt,
      prefix: target.backend.specialPrefix,
      callerHeaders: caller,
      deadline: startedAt + Duration.toMillis(total),
      bytes: ByteBudget.unbounded,
      atEnd: (last) => ends.push(last)
    })
    const ms = clock.now() - startedAt
    const end = answer.told(
      yield* Effect.timeoutFail(endOf(answer), {
        duration: total,
        onTimeout: () => new TotalTimedOut({ after: total })
      })
    )
    if (end._tag === "Truncated") return yield* new ProtocolBroken({ reason: end.reason })
    if (end._tag === "Errored") {
      return yield* new UpstreamRejected({ status: end.status, retryAfter: undefined, error: end.error })
    }
    return { ms, isStream }
  }).pipe(Effect.scoped)

const requestFor = (model: string, stream: boolean, limit: string): ChatRequest => ({
  kind: "chat",
  model,
  stream,
  includeUsage: false,
  body: { model, messages: [{ role: "user", content: "ping" }], [limit]: 1, ...(stream ? { stream } : {}) }
})

const endOf = ({ ended, rest }: Attempt.Answer): Effect.Effect<StreamEnd> =>
  ended === undefined
    ? Effect.async((resume) => rest.listen({ ...deaf, onEnd: (end) => resume(Effect.succeed(end)) }))
    : Effect.succeed(ended)

const deaf = { onChunks: () => {}, onRepeated: () => {} }

// The same connections; the content type of each answer is told.
const watched = (connections: Connections, onType: (type: string) => void): Connections => ({
  dispatch: (request, handler) =>
    connections.dispatch(request, {
      onRequestStart: (controller) => handler.onRequestStart(controller),
      onResponseStart: (controller, status, headers) => {
        onType(String(headers["content-type"] ?? ""))
        handler.onResponseStart(controller, status, headers)
      },
      onResponseData: (controller, bytes) => handler.onResponseData(controller, bytes),
      onResponseEnd: (controller) => handler.onResponseEnd(controller),
      onResponseError: (controller, cause) => handler.onResponseError(controller, cause)
    })
})
