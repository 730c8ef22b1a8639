import type * as Either from "effect/Either"
import type { AnswerChunk } from "../chat/answer/AnswerChunk.js"
import type { WholeAnswer } from "../chat/answer/WholeAnswer.js"
import type { Ask } from "../chat/Ask.js"
import type { BodyMalformed, BodyTooComplex } from "../failure/Failure.js"
import type { RelayEnd } from "../failure/Outcome.js"
import type { WireError } from "../failure/WireError.js"
import type * as JsonObject from "../json/JsonObject.js"
import type { Operation } from "../operation/Operation.js"

/** The words in which callers ask and are answered: translated to the hub's and from them. */
export interface ClientProtocol {
  readonly name: string
  /** What its requests ask for. */
  readonly operation: Operation
  /** Where they are posted. */
  readonly paths: ReadonlyArray<`/${string}`>
  /** Where a deployment of Azure's has them, behind its name; undefined where it has no such path. */
  readonly deployed: `/${string}` | undefined
  /** Reads the text of a request body, which may hold so many values; a model that its path says wins over the body's. */
  readonly decode: (
    text: string,
    mostValues?: number,
    model?: string
  ) => Either.Either<Ask, BodyMalformed | BodyTooComplex>
  /** Writes the answer to one request. */
  readonly encoder: (ask: Ask) => Encoder
  /** The body of an error response. */
  readonly error: (error: WireError) => JsonObject.JsonObject
}

/** Writes one answer as the caller reads it. */
export interface Encoder {
  /** The headers of a stream. */
  readonly headers: Readonly<Record<string, string>>
  /** A chunk of a stream; "" where the caller is told nothing of it. */
  readonly chunk: (chunk: AnswerChunk) => string
  /** What comes last in a stream that ended so. */
  readonly end: (end: RelayEnd) => string
  /** What comes last, and alone, where there is no answer, though the head of one has gone out. */
  readonly failed: (error: WireError) => string
  /** A sign of life between two chunks. */
  readonly keepalive: string
  /** The body of an answer that is not streamed. */
  readonly whole: (answer: WholeAnswer) => string
}
