import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import { Gathered } from "../../flow/Gathered.js"
import * as Source from "../../flow/Source.js"
import type { ResourcesExhausted } from "../../domain/failure/Failure.js"
import type { BodyFailure, UpstreamHead } from "../UpstreamHead.js"
import type { Context } from "./AnswerReader.js"
import * as ChunkStage from "./ChunkStage.js"
import * as Metering from "./Metering.js"

/** A body as far as it was read. */
export interface Read {
  readonly gathered: Gathered
  /** How it ended; undefined where it goes on beyond what is held at a time, and the rest is still to come. */
  readonly end: Option.Option<BodyFailure> | undefined
  readonly rest: Source.Source<Uint8Array, BodyFailure>
}

/** Reads a body that is held until all of it is there, or too much. */
export function* read({ body }: UpstreamHead, { bytes, scope }: Context): Effect.fn.Return<Read, ResourcesExhausted> {
  const rest = yield* Source.of(body, scope)
  const meter = Metering.make(bytes, scope)
  const gathered = new Gathered()
  while (true) {
    const { end, values } = yield* Source.next(rest)
    for (const piece of values) gathered.push(piece)
    if (end !== undefined || gathered.size() > ChunkStage.maxWhole) return { gathered, end, rest }
    const room = meter(gathered.size())
    if (room !== undefined) yield* room
  }
}
