import * as Either from "effect/Either"
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { AnswerChunk } from "../../domain/chat/answer/AnswerChunk.js"
import { ProtocolBroken } from "../../domain/failure/Failure.js"
import type { ResourcesExhausted } from "../../domain/failure/Failure.js"
import * as Source from "../../flow/Source.js"
import type { BodyFailure } from "../UpstreamHead.js"
import type * as ChunkStage from "./ChunkStage.js"
import * as FinishHold from "./FinishHold.js"
import type { Meter } from "./Metering.js"

/** What is held back, and until when. */
export interface Options {
  readonly body: Source.Source<Uint8Array, BodyFailure>
  readonly stage: ChunkStage.ChunkStage
  /** Whether the first content ends the wait, or only the end of the answer. */
  readonly until: "content" | "end"
  /** What is wrong with an answer of which so many chunks and bytes have come, with or without content. */
  readonly wrong: (chunks: number, size: number, content: boolean) => string | undefined
  readonly meter: Meter
}

/** What can be committed to: the chunks that were held, and those that still come. */
export type Held = Source.Source<AnswerChunk, ChunkStage.Failure>

/** Why there is nothing to commit to. */
export type HoldFailure = ChunkStage.Failure | ProtocolBroken

/**
 * Holds an answer back until there is something to commit to. One that came to nothing is a value; where there is no room
 * in memory it fails.
 */
export function* hold({
  body,
  meter,
  stage,
  until,
  wrong
}: Options): Effect.fn.Return<Either.Either<Held, HoldFailure>, ResourcesExhausted> {
  const held: Array<AnswerChunk> = []
  while (true) {
    const more = yield* Source.next(body)
    // Piece by piece: what comes after the first content is none of what is held.
    let taken = 0
    for (const bytes of more.values) {
      taken++
      const { end, values } = stage.push(bytes)
      for (const chunk of values) held.push(chunk)
      const content = values.some((chunk) => chunk.content)
      const reason = wrong(held.length, stage.size(), content)
      if (reason !== undefined) return Either.left(new ProtocolBroken({ reason }))
      if (end !== undefined) return ended(held, end)
      if (until === "end" || !content) continue
      const unread = Source.after(more.values.slice(taken), body)
      return Either.right(Source.after(held, FinishHold.of(unread, stage)))
    }
    if (more.end !== undefined) {
      const { end, values } = stage.end(more.end)
      for (const chunk of values) held.push(chunk)
      const reason = wrong(held.length, stage.size(), true)
      return reason === undefined ? ended(held, end) : Either.left(new ProtocolBroken({ reason }))
    }
    const room = meter(stage.size())
    if (room !== undefined) yield* room
  }
}

// What broke off as soon as it began can still be had from another.
const ended = (
  held: ReadonlyArray<AnswerChunk>,
  end: Option.Option<ChunkStage.Failure>
): Either.Either<Held, HoldFailure> =>
  Option.isSome(end) ? Either.left(end.value) : Either.right(Source.after(held, Source.ended(end)))
