import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { ConfigRef } from "../config/ConfigRef.js"
import { ChatCompletion, ChatCompletionChunk } from "../domain/chat/ChatCompletion.js"
import type * as ChatRequest from "../domain/chat/ChatRequest.js"
import { Model } from "../domain/chat/Model.js"
import { TextCompletion } from "../domain/chat/TextCompletion.js"
import type { TextRequest } from "../domain/chat/TextRequest.js"
import type { AnswerChunk } from "../domain/chat/answer/AnswerChunk.js"
import type { CompletionFailure } from "../domain/failure/GatewayFailure.js"
import type * as StreamFailure from "../domain/failure/StreamFailure.js"
import type { ClientProtocol } from "../domain/protocol/ClientProtocol.js"
import * as OpenAiChatClient from "../domain/protocol/openai-chat/OpenAiChatClient.js"
import * as OpenAiTextClient from "../domain/protocol/openai-text/OpenAiTextClient.js"
import type { Backends } from "../upstream/Backends.js"
import * as ModelCatalog from "../upstream/ModelCatalog.js"
import * as LocalCall from "./LocalCall.js"
import type { Options } from "./LocalCall.js"
import * as Stopping from "./Stopping.js"

export { ChatCompletion, ChatCompletionChunk, Model, TextCompletion }
export type { ChatRequest, Request, StreamRequest } from "../domain/chat/ChatRequest.js"
export type { CompletionFailure, Options, TextRequest }

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
    /** A whole answer in the words of the old completions. */
    readonly text: (request: TextRequest, options?: Options) => Effect.Effect<TextCompletion, CompletionFailure>
    /** The models that the caller can ask for, each once; those of a backend that does not answer are what it listed last. */
    readonly models: (options?: Options) => Effect.Effect<ReadonlyArray<Model>>
  }
>() {}

/**
 * What completions work with.
 *
 * @category models
 * @since 0.1.0
 */
export type Services = LocalCall.Services | Backends

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
      Effect.withSpan(wholeOf(services, asChat, request, options), "Completions.complete", spanOf(request)),
    stream: (request, options = {}) =>
      Stream.withSpan(streamOf(services, request, options), "Completions.stream", spanOf(request)),
    text: (request, options = {}) =>
      Effect.withSpan(wholeOf(services, asText, request, options), "Completions.text", spanOf(request)),
    models: (options = {}) => Effect.provide(modelsFor(options), services)
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

/**
 * A whole answer; see {@link Completions}.
 *
 * @category accessors
 * @since 0.1.0
 */
export const complete = <const R extends ChatRequest.Given<ChatRequest.Request>>(
  request: ChatRequest.Checked<R>,
  options?: Options
): Effect.Effect<ChatCompletion, CompletionFailure, Completions> =>
  Effect.flatMap(Completions, (completions) => completions.complete<R>(request, options))

/**
 * An answer as it comes; see {@link Completions}.
 *
 * @category accessors
 * @since 0.1.0
 */
export const stream = <const R extends ChatRequest.Given<ChatRequest.StreamRequest>>(
  request: ChatRequest.Checked<R>,
  options?: Options
): Stream.Stream<ChatCompletionChunk, CompletionFailure | StreamFailure.StreamFailure, Completions> =>
  Stream.unwrap(Effect.map(Completions, (completions) => completions.stream<R>(request, options)))

/**
 * A whole answer in the words of the old completions; see {@link Completions}.
 *
 * @category accessors
 * @since 0.1.0
 */
export const text = (
  request: TextRequest,
  options?: Options
): Effect.Effect<TextCompletion, CompletionFailure, Completions> =>
  Effect.flatMap(Completions, (completions) => completions.text(request, options))

/**
 * The models that the caller can ask for; see {@link Completions}.
 *
 * @category accessors
 * @since 0.1.0
 */
export const models = (options?: Options): Effect.Effect<ReadonlyArray<Model>, never, Completions> =>
  Effect.flatMap(Completions, (completions) => completions.models(options))

/** A protocol whose answers come whole, with the shape that they have by then: anything else is a defect. */
interface Words<A> {
  readonly protocol: ClientProtocol
  readonly decode: (text: string) => A
}

const asChat: Words<ChatCompletion> = {
  protocol: OpenAiChatClient.protocol,
  decode: Schema.decodeUnknownSync(Schema.parseJson(ChatCompletion))
}

const asText: Words<TextCompletion> = {
  protocol: OpenAiTextClient.protocol,
  decode: Schema.decodeUnknownSync(Schema.parseJson(TextCompletion))
}

const wholeOf = <A>(
  services: Context.Context<Services>,
  { decode, protocol }: Words<A>,
  request: { readonly model: string },
  options: Options
): Effect.Effect<A, CompletionFailure> =>
  LocalCall.begin(services, protocol, { ...request, stream: false }, options, LocalCall.whole).pipe(
    Effect.flatMap(LocalCall.answerOf),
    Effect.map(decode),
    Effect.scoped
  )

const streamOf = (
  services: Context.Context<Services>,
  request: { readonly model: string },
  options: Options
): Stream.Stream<ChatCompletionChunk, CompletionFailure | StreamFailure.StreamFailure> =>
  LocalCall.begin(services, asChat.protocol, { ...request, stream: true }, options, LocalCall.streamed).pipe(
    Effect.map((call) =>
      Stream.repeatEffectChunkOption(
        Effect.flatMap(call.sink.take, (chunks) => (chunks === undefined ? LocalCall.endOf(call) : decoded(chunks)))
      )
    ),
    Stream.unwrapScoped
  )

const decodeChunk = Schema.decodeUnknownSync(ChatCompletionChunk)

// The caller may do what it likes with what it gets, for the record is made of the same chunks. Numbers are plain ones.
const copied = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

const decoded = (chunks: ReadonlyArray<AnswerChunk>): Effect.Effect<Chunk.Chunk<ChatCompletionChunk>> =>
  Effect.sync(() => Chunk.fromIterable(chunks.map((chunk) => decodeChunk(copied(chunk.value())))))

const decodeModels = Schema.decodeUnknownSync(Schema.Array(Model))

const modelsFor = (options: Options): Effect.Effect<ReadonlyArray<Model>, never, Backends | ConfigRef> =>
  Effect.gen(function* () {
    const { routes } = yield* (yield* ConfigRef).current
    return decodeModels(copied(yield* ModelCatalog.list(routes.backends, LocalCall.headersOf(options))))
  })

const spanOf = ({ model }: { readonly model: string }) => ({ attributes: { model }, captureStackTrace: false })
