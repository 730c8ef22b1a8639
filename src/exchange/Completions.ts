import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as ChatRequest from "../domain/chat/ChatRequest.js"
import { ChatCompletion, ChatCompletionChunk } from "../domain/chat/ChatCompletion.js"
import * as RequestText from "../domain/chat/request/RequestText.js"
import type { AnswerChunk } from "../domain/chat/answer/AnswerChunk.js"
import type { Headers } from "../domain/backend/Credentials.js"
import * as Alarm from "../flow/Alarm.js"
import { withId } from "../domain/failure/GatewayFailure.js"
import type { CompletionFailure } from "../domain/failure/GatewayFailure.js"
import { Draining } from "../domain/failure/Refusal.js"
import type { Journal } from "../domain/record/Journal.js"
import type { Outcome, RelayEnd } from "../domain/failure/Outcome.js"
import * as OpenAiChatClient from "../domain/protocol/openai-chat/OpenAiChatClient.js"
import * as StreamFailure from "../domain/failure/StreamFailure.js"
import * as Fingerprint from "../records/store/Fingerprint.js"
import * as Relay from "../relay/Relay.js"
import type { AnswerReader } from "../upstream/attempt/AnswerReader.js"
import * as ChatReader from "../upstream/attempt/ChatReader.js"
import type { Forwarded } from "../upstream/forward/Forwarded.js"
import { Forwarder } from "../upstream/forward/Forwarder.js"
import * as Exchange from "./Exchange.js"
import { LocalSink } from "./LocalSink.js"
import * as RequestId from "./RequestId.js"
import * as Stopping from "./Stopping.js"

export { ChatCompletion, ChatCompletionChunk }
export type { ChatRequest, Request, StreamRequest } from "../domain/chat/ChatRequest.js"
export type { CompletionFailure }

/**
 * Who asks.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The caller's key, which goes to backends that have none of their own. */
  readonly apiKey?: Redacted.Redacted
  /** The caller's headers; those that may go upstream do. */
  readonly headers?: Readonly<Record<string, string>>
  /** The caller's address, for the record. Default: none. */
  readonly ip?: string
  /** The id of the record; the log keeps the first record of an id. Default: a new one. */
  readonly id?: string
}

/**
 * Chat completions without HTTP: the plan, attempts, repair, rescue, limits, drain and record of the server. Interrupting
 * a call cancels its backend's, and is recorded as `CallerLeft`.
 *
 * @example
 * ```ts
 * import { Completions } from "causeway"
 * import * as Effect from "effect/Effect"
 *
 * export const answer = Effect.gen(function* () {
 *   const { complete } = yield* Completions.Completions
 *   const { choices } = yield* complete({ model: "demo", messages: [{ role: "user", content: "Hello" }] })
 *   return choices[0].message.content
 * })
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class Completions extends Context.Tag("causeway/Completions")<
  Completions,
  {
    /** A whole answer. */
    readonly complete: <const R extends ChatRequest.Given<ChatRequest.Request>>(
      request: ChatRequest.Checked<R>,
      options?: Options
    ) => Effect.Effect<ChatCompletion, CompletionFailure>
    /** An answer as it comes; it fails with a `CompletionFailure` before its first chunk only, and ends only when it is whole. */
    readonly stream: <const R extends ChatRequest.Given<ChatRequest.StreamRequest>>(
      request: ChatRequest.Checked<R>,
      options?: Options
    ) => Stream.Stream<ChatCompletionChunk, CompletionFailure | StreamFailure.StreamFailure>
  }
>() {}

/**
 * What completions work with.
 *
 * @category models
 * @since 0.1.0
 */
export type Services = Exchange.Services | Forwarder

/**
 * The completions of the gateway that these services make up; the drain is the layer's.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<Context.Tag.Service<Completions>, never, Services> = Effect.map(
  Effect.context<Services>(),
  (services) => ({
    complete: (request, options = {}) =>
      Effect.gen(function* () {
        const { id, outcome, sink } = yield* begin(services, { ...request, stream: false }, options, whole)
        return yield* answerOf(yield* outcome, sink.last(), id)
      }).pipe(
        Effect.scoped,
        Effect.withSpan("Completions.complete", { attributes: { model: request.model }, captureStackTrace: false })
      ),
    stream: (request, options = {}) =>
      Stream.unwrapScoped(
        Effect.map(
          begin(services, { ...request, stream: true }, options, streamed),
          ({ id, isCommitted, outcome, sink }) => {
            const end = Effect.flatMap(outcome, (how) => endOf(how, isCommitted(), id))
            return Stream.repeatEffectChunkOption(
              Effect.flatMap(sink.take, (chunks) => (chunks === undefined ? end : decoded(chunks)))
            )
          }
        )
      ).pipe(Stream.withSpan("Completions.stream", { attributes: { model: request.model }, captureStackTrace: false }))
  })
)

/**
 * In-process completions; when the layer closes, those that run may end for up to `server.drain`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Completions, never, Services> = Layer.scoped(
  Completions,
  Effect.gen(function* () {
    yield* Stopping.drained
    return yield* make
  })
)

interface Body {
  readonly model: string
  readonly stream: boolean
}

interface Call {
  /** Of its record. */
  readonly id: string
  readonly sink: LocalSink
  /** How it ended, when it has. */
  readonly outcome: Effect.Effect<Outcome>
  readonly isCommitted: () => boolean
}

/** How one kind of answer is read, and moved to the caller. */
interface Way<A> {
  readonly reader: AnswerReader<A>
  readonly relay: (exchange: Exchange.Exchange, forwarded: Forwarded<A>, sink: LocalSink) => Effect.Effect<RelayEnd>
}

const whole: Way<ChatReader.Whole> = {
  reader: ChatReader.whole,
  relay: (exchange, forwarded, sink) => Relay.relayWhole(exchange, forwarded, ({ text }) => text, sink)
}

const streamed: Way<ChatReader.Streamed> = {
  reader: ChatReader.streamed,
  relay: (exchange, forwarded, sink) => Relay.relayStream(exchange, forwarded, sink.delivery)
}

/** A log that takes longer for a record is not waited for, in ms; with any other the row is there when the call is over. */
const recordWithin = 20

// The exchange has a fiber of its own: the drain may cut it, and it ends in its own time when the caller leaves.
const begin = <A>(
  services: Context.Context<Services>,
  body: Body,
  options: Options,
  { reader, relay }: Way<A>
): Effect.Effect<Call, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { forward } = Context.get(services, Forwarder)
    const caller = callerOf(options)
    const sink = new LocalSink()
    const ended = yield* Deferred.make<Outcome>()
    let committed = false
    const patience = Alarm.make()
    const onEnd = (outcome: Outcome) =>
      patience.set(recordWithin, () => Deferred.unsafeDone(ended, Effect.succeed(outcome)))
    const exchange = Exchange.run(
      { protocol, caller: () => caller, sink: () => sink, onEnd },
      {
        receive: (exchange) =>
          // Through JSON, as over HTTP: what the caller does with its objects meanwhile changes nothing here.
          Effect.flatMap(RequestText.of(body, exchange.snapshot.config.server.maxBody), (text) =>
            Effect.flatMap(exchange.bytes.hold(text.length), () => Exchange.decode(exchange, text))
          ),
        obtain: (exchange, ask) => forward(exchange, ask, reader),
        relay: (exchange, forwarded) =>
          Effect.suspend(() => {
            committed = true
            return Effect.zipRight(annotate(exchange.journal), relay(exchange, forwarded, sink))
          })
      }
    )
    const running = Effect.intoDeferred(Effect.provide(exchange, services), ended)
    yield* Effect.acquireRelease(Effect.forkDaemon(running), (fiber) => {
      sink.leave()
      const over = Effect.exit(Deferred.await(ended))
      return Fiber.interruptFork(fiber).pipe(
        Effect.zipRight(over),
        Effect.ensuring(Effect.sync(() => patience.clear()))
      )
    })
    return { id: caller.id, sink, outcome: Deferred.await(ended), isCommitted: () => committed }
  })

const { protocol } = OpenAiChatClient

const annotate = ({ attempts, backend, id, model }: Journal): Effect.Effect<void> =>
  Effect.annotateCurrentSpan({ id, backend, model, attempts: attempts.length })

const callerOf = ({ apiKey, headers: given = {}, id = RequestId.make(), ip = "" }: Options) => {
  const headers: Headers = {
    ...Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value])),
    ...(apiKey === undefined ? {} : { authorization: `Bearer ${Redacted.value(apiKey)}` })
  }
  return { id, ip, caller: Fingerprint.ofRequest(headers, ""), headers }
}

// Whatever has gone through the repair is of these shapes; anything else is a defect.
const decodeAnswer = Schema.decodeUnknownSync(Schema.parseJson(ChatCompletion))
const decodeChunk = Schema.decodeUnknownSync(ChatCompletionChunk)

// The caller may do what it likes with what it gets, for the record is made of the same chunks. Numbers are plain ones.
const copied = (chunk: AnswerChunk): unknown => JSON.parse(JSON.stringify(chunk.value()))

const decoded = (chunks: ReadonlyArray<AnswerChunk>): Effect.Effect<Chunk.Chunk<ChatCompletionChunk>> =>
  Effect.sync(() => Chunk.fromIterable(chunks.map((chunk) => decodeChunk(copied(chunk)))))

const answerOf = (outcome: Outcome, text: string, id: string): Effect.Effect<ChatCompletion, CompletionFailure> => {
  switch (outcome._tag) {
    case "Completed":
      return Effect.sync(() => decodeAnswer(text))
    case "CallerLeft":
      return Effect.interrupt
    case "CutByDrain":
      return new Draining({ id })
    case "Crashed":
      return Effect.die(outcome.defect)
    case "UpstreamBroke":
    case "UpstreamErrored":
    case "UpstreamStalled":
      return Effect.dieMessage(`A whole answer cannot end as ${outcome._tag}`)
    case "BodyTimedOut":
    case "EncodingUnsupported":
      return Effect.die(outcome)
    default:
      return Effect.fail(withId(outcome, id))
  }
}

const endOf = (
  outcome: Outcome,
  committed: boolean,
  id: string
): Effect.Effect<never, Option.Option<CompletionFailure | StreamFailure.StreamFailure>> => {
  switch (outcome._tag) {
    case "Completed":
      return Effect.fail(Option.none())
    case "CallerLeft":
      return committed ? Effect.fail(Option.some(StreamFailure.fromEnd(outcome, id))) : Effect.interrupt
    case "CutByDrain":
      return Effect.fail(Option.some(committed ? StreamFailure.fromEnd(outcome, id) : new Draining({ id })))
    case "Crashed":
      return Effect.die(outcome.defect)
    case "UpstreamBroke":
    case "UpstreamErrored":
    case "UpstreamStalled":
      return Effect.fail(Option.some(StreamFailure.fromEnd(outcome, id)))
    case "BodyTimedOut":
    case "EncodingUnsupported":
      return Effect.die(outcome)
    default:
      return Effect.fail(Option.some(withId(outcome, id)))
  }
}
