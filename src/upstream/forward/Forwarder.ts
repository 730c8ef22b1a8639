import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Ask } from "../../domain/chat/Ask.js"
import type { AnswerReader } from "../attempt/AnswerReader.js"
import { Backends } from "../Backends.js"
import type { Forwarded, ForwardFailure, Options } from "./Forwarded.js"
import * as Search from "./Search.js"

export type { AnswerReader, Ask, Forwarded, ForwardFailure, Options }

/**
 * Obtains answers from backends.
 *
 * @example
 * ```ts
 * import { Forwarder } from "causeway"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * // Says how long each answer took to begin.
 * export const timed = Layer.effect(
 *   Forwarder.Forwarder,
 *   Effect.map(Forwarder.Forwarder, ({ forward }) => ({
 *     forward: (options, ask, reader) =>
 *       forward(options, ask, reader).pipe(
 *         Effect.timed,
 *         Effect.tap(([took]) => Effect.logInfo(`An answer began after ${took}`)),
 *         Effect.map(([, answer]) => answer)
 *       )
 *   }))
 * ).pipe(Layer.provide(Forwarder.layer))
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class Forwarder extends Context.Tag("causeway/Forwarder")<
  Forwarder,
  {
    /** An answer that `reader` has read so far that it can be committed to, from whichever candidate gives one. */
    readonly forward: <A>(
      options: Options,
      ask: Ask,
      reader: AnswerReader<A>
    ) => Effect.Effect<Forwarded<A>, ForwardFailure>
  }
>() {}

/**
 * Asks the backends of the configuration, one after the other.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Forwarder, never, Backends> = Layer.effect(
  Forwarder,
  Effect.map(Backends, (backends) => ({
    forward: (options, ask, reader) => Search.run(backends, options, ask, reader)
  }))
)
