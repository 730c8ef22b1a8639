import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Backend } from "../domain/backend/Backend.js"
import type { Conversation } from "../domain/operation/Operation.js"
import type { Ask } from "../domain/chat/Ask.js"
import * as Credentials from "../domain/backend/Credentials.js"
import * as AnswerFailure from "../domain/failure/AnswerFailure.js"
import { ConnectFailed, ProtocolBroken, TotalTimedOut } from "../domain/failure/Failure.js"
import type { AttemptFailure, BodyMalformed } from "../domain/failure/Failure.js"
import * as JsonObject from "../domain/json/JsonObject.js"
import * as JsonText from "../domain/json/JsonText.js"
import type { Target } from "../domain/routing/RouteTable.js"
import * as Told from "../domain/chat/answer/Told.js"
import * as UpstreamError from "../domain/failure/UpstreamError.js"
import * as SpokenProtocol from "../domain/backend/SpokenProtocol.js"
import * as Operations from "../domain/operation/Operations.js"
import * as Protocols from "../domain/protocol/Protocols.js"
import type { Connections } from "../http1/Dispatch.js"
import type { AnswerReader } from "../upstream/attempt/AnswerReader.js"
import * as Attempt from "../upstream/attempt/Attempt.js"
import * as ChatReader from "../upstream/attempt/ChatReader.js"
import * as JsonReader from "../upstream/attempt/JsonReader.js"
import { Backends } from "../upstream/Backends.js"
import * as ByteBudget from "../admission/ByteBudget.js"
import * as Decompress from "../upstream/Decompress.js"
import * as BackendUrl from "../upstream/BackendUrl.js"
import * as LightScope from "../flow/LightScope.js"
import * as SteadyClock from "../flow/SteadyClock.js"
import * as SentRequest from "./SentRequest.js"
import * as UpstreamCall from "../upstream/UpstreamCall.js"
import { readText } from "../upstream/UpstreamHead.js"

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
    const tooLate = () => new TotalTimedOut({ after: total })
    const scope = yield* LightScope.scoped
    const compressed = yield* UpstreamCall.open(scope, (yield* Backends).connections(backend), {
      ...BackendUrl.of({ backend, model: "" }, "/models"),
      method: "GET",
      headers: Credentials.upstreamHeaders(backend, caller, false),
      body: null,
      connectTimeout: connect,
      headLimit: { after: Duration.toMillis(total), failure: tooLate }
    })
    const head = yield* Decompress.head(compressed)
    const text = yield* readText(scope, head, maxList).pipe(Effect.timeoutFail({ duration: total, onTimeout: tooLate }))
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

/** Where a target is asked for an answer, fit to be shown. */
export const urlOf = (target: Target): string => {
  const ask = askOf(target, operationOf(target), false, "max_tokens")
  const protocol = Protocols.between(ask.operation, target.backend)
  return protocol === undefined ? target.backend.baseUrl : SentRequest.urlOf(target, protocol.path(ask))
}

const newLimit = "max_completion_tokens"

/** Asks for a vector, of a backend that does not chat. */
export const embed = (target: Target, caller: Credentials.Headers): Effect.Effect<Reply, CallFailure, Backends> => {
  const { model } = target
  const body = { model, input: "ping" }
  const ask: Ask = { operation: "embeddings", model, stream: false, includeUsage: false, body }
  return Effect.map(Effect.scoped(call(target, caller, ask, JsonReader.of(Operations.plain.embeddings))), ({ ms }) => ({
    ms,
    isStream: false
  }))
}

const attempt = (target: Target, caller: Credentials.Headers, stream: boolean, limit: string) =>
  Effect.gen(function* () {
    const operation = operationOf(target)
    const reader = ChatReader.of(operation)
    const { content, isStream, ms } = yield* call<ChatReader.ChatAnswer>(
      target,
      caller,
      askOf(target, operation, stream, limit),
      stream ? reader.streamed : reader.whole
    )
    if (content._tag === "Streamed") yield* Effect.mapError(Stream.runDrain(content.chunks), AnswerFailure.beforeCommit)
    return { ms, isStream }
  }).pipe(Effect.scoped)

const call = <A>(target: Target, caller: Credentials.Headers, ask: Ask, reader: AnswerReader<A>) =>
  Effect.gen(function* () {
    const protocol = Protocols.between(ask.operation, target.backend)
    if (protocol === undefined) return yield* new ProtocolBroken({ reason: "it speaks no protocol" })
    const body = JsonText.write((yield* protocol.body(ask, target)).body)
    const { timeouts } = target.backend
    const clock = SteadyClock.of(yield* Effect.clock)
    const startedAt = clock.now()
    const deadline = startedAt + Duration.toMillis(timeouts.total)
    let isStream = false
    const connections = (yield* Backends).connections(target.backend)
    const { content } = yield* Attempt.make<A>({
      id: "ping",
      ask,
      protocol,
      target,
      body,
      connections: watched(connections, (type) => (isStream = type.includes("event-stream"))),
      reader,
      prefix: target.backend.specialPrefix,
      callerHeaders: caller,
      times: { clock, timeouts, startedAt, deadline },
      bytes: ByteBudget.unbounded,
      scope: yield* LightScope.scoped
    })
    return { content, isStream, ms: clock.now() - startedAt }
  })

const operationOf = ({ backend }: Target): Conversation =>
  SpokenProtocol.answers(backend.protocols, "chat") ? "chat" : "text"

const askOf = ({ model }: Target, operation: Conversation, stream: boolean, limit: string): Ask => {
  const said = operation === "chat" ? { messages: [{ role: "user", content: "ping" }] } : { prompt: "ping" }
  return {
    operation,
    model,
    stream,
    includeUsage: false,
    body: { model, ...said, [limit]: 1, ...(stream ? { stream } : {}) }
  }
}

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
