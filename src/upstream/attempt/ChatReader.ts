import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Accumulator from "../../domain/chat/answer/Accumulator.js"
import type { AnswerChunk } from "../../domain/chat/answer/AnswerChunk.js"
import * as AnswerRepair from "../../domain/chat/answer/AnswerRepair.js"
import * as Told from "../../domain/chat/answer/Told.js"
import type { WholeAnswer } from "../../domain/chat/answer/WholeAnswer.js"
import { beforeCommit, UpstreamStalled } from "../../domain/failure/AnswerFailure.js"
import type { AnswerFailure } from "../../domain/failure/AnswerFailure.js"
import type { AttemptFailure } from "../../domain/failure/Failure.js"
import * as JsonObject from "../../domain/json/JsonObject.js"
import * as JsonText from "../../domain/json/JsonText.js"
import type { Conversation } from "../../domain/operation/Operation.js"
import type { Decoder } from "../../domain/protocol/BackendProtocol.js"
import * as Source from "../../flow/Source.js"
import type { UpstreamHead } from "../UpstreamHead.js"
import type { AnswerReader, Context } from "./AnswerReader.js"
import * as ChunkStage from "./ChunkStage.js"
import * as CommitPoint from "./CommitPoint.js"
import * as Limits from "./Limits.js"
import * as Metering from "./Metering.js"

/** A streamed answer that can be committed to: it begins with all that came up to its first content. */
export interface Streamed {
  readonly _tag: "Streamed"
  readonly operation: Conversation
  /** It can be run once. Its failures hold no secret. */
  readonly chunks: Source.SourceStream<AnswerChunk, AnswerFailure>
  /** The usage reported last. */
  readonly usage: () => JsonObject.JsonObject | undefined
  /** How many events were skipped, for they were no JSON. */
  readonly skipped: () => number
}

/** An answer that is not streamed. */
export interface Whole extends WholeAnswer {
  readonly _tag: "Whole"
  /** What a record keeps of it; all of it where nothing is said. */
  readonly kept?: JsonObject.JsonObject | undefined
  readonly usage: JsonObject.JsonObject | undefined
  readonly skipped: number
}

/** An answer of either kind. */
export type ChatAnswer = Streamed | Whole

/** So many chunks without content may come before the first with some, and so many bytes. */
const most = { chunks: 1_000, bytes: ChunkStage.maxWhole }

/** How the answers of a conversation are read. */
export interface ChatReader {
  /** Reads one that was asked for as a stream, even where it comes as one JSON body. */
  readonly streamed: AnswerReader<Streamed>
  /** Reads one that was not asked for as a stream, even where it comes as one. */
  readonly whole: AnswerReader<Whole>
}

const make = (operation: Conversation): ChatReader => ({
  streamed: (head, context) => streamed(operation, head, context),
  whole: (head, context) => whole(operation, head, context)
})

const readers: Readonly<Record<Conversation, ChatReader>> = { chat: make("chat"), text: make("text") }

/** How the answers to one operation are read. */
export const of = (operation: Conversation): ChatReader => readers[operation]

type Steps<A> = ReturnType<AnswerReader<A>>

function* streamed(operation: Conversation, head: UpstreamHead, context: Context): Steps<Streamed> {
  const { bytes, callerHeaders, scope, target, times } = context
  head.setPatience(Limits.untilContent(times))
  const repair = repairOf(operation, context)
  const stage = ChunkStage.of(head, { repair, decoder: decoderOf(context), takeWhole: undefined })
  const held = yield* CommitPoint.hold({
    body: yield* Source.of(head.body, scope),
    stage,
    until: "content",
    wrong: wrongStream(repair, stage),
    meter: Metering.make(bytes, scope)
  })
  if (Either.isLeft(held)) return yield* Effect.fail(attemptFailure(held.left))
  head.setPatience(Limits.betweenReads(times))
  return {
    _tag: "Streamed",
    operation,
    chunks: Source.stream(
      Source.mapError(held.right, (failure) =>
        Told.answerFailure(answerFailure(failure), target.backend, callerHeaders)
      )
    ),
    usage: () => repair.usage(),
    skipped: () => repair.skipped()
  }
}

function* whole(operation: Conversation, head: UpstreamHead, context: Context): Steps<Whole> {
  const { bytes, scope, times } = context
  head.setPatience(Limits.untilEnd(times))
  const repair = repairOf(operation, context)
  let sound: WholeAnswer | undefined
  const held = yield* CommitPoint.hold({
    body: yield* Source.of(head.body, scope),
    stage: ChunkStage.of(head, { repair, decoder: decoderOf(context), takeWhole: (answer) => void (sound = answer) }),
    until: "end",
    wrong: wrongWhole,
    meter: Metering.make(bytes, scope)
  })
  if (Either.isLeft(held)) return yield* Effect.fail(attemptFailure(held.left))
  const usage = repair.usage()
  const { body, text } = sound ?? assemble(operation, held.right.poll()?.values ?? [], usage)
  return { _tag: "Whole", body, text, usage, skipped: repair.skipped() }
}

const repairOf = (operation: Conversation, { ask, id, prefix, target, times }: Context): AnswerRepair.AnswerRepair =>
  AnswerRepair.make({
    operation,
    id,
    model: target.model,
    created: Math.floor(times.startedAt / 1000),
    prefix,
    includeUsage: ask.includeUsage,
    passUsage: !ask.includeUsage || isContinuous(ask.body),
    isOnly: operation === "chat" && (ask.body["n"] ?? 1) === 1,
    cumulative: target.backend.cumulativeContent
  })

// vLLM and SGLang tell the usage with every chunk where they are asked to.
const isContinuous = ({ stream_options: options }: JsonObject.JsonObject): boolean =>
  JsonObject.orEmpty(options)["continuous_usage_stats"] === true

const decoderOf = ({ ask, protocol }: Context): Decoder | undefined => protocol.decoder?.(ask)

const assemble = (
  operation: Conversation,
  chunks: ReadonlyArray<AnswerChunk>,
  usage: JsonObject.JsonObject | undefined
): WholeAnswer => {
  const accumulator = Accumulator.make(operation)
  for (const chunk of chunks) accumulator.push(chunk)
  const body = accumulator.result(usage) ?? {}
  return { body, text: JsonText.write(body) }
}

const wrongStream =
  (repair: AnswerRepair.AnswerRepair, { isWhole }: ChunkStage.ChunkStage) =>
  (chunks: number, size: number, content: boolean) => {
    if (repair.skipped() > 0 && !content) return "the stream is not JSON"
    const waits = chunks > most.chunks || size > most.bytes
    return waits && !content && !isWhole ? "no content in the stream" : undefined
  }

const wrongWhole = (_: number, size: number) => (size > ChunkStage.maxWhole ? "the answer was too large" : undefined)

// What ended badly before anything was sent is a failed attempt.
const attemptFailure = (failure: CommitPoint.HoldFailure): AttemptFailure => {
  switch (failure._tag) {
    case "UpstreamBroke":
    case "UpstreamErrored":
      return beforeCommit(failure)
    case "BodyLate":
      return Limits.timedOut(failure)
    default:
      return failure
  }
}

const answerFailure = (failure: ChunkStage.Failure): AnswerFailure =>
  failure._tag === "BodyLate" ? new UpstreamStalled({ after: failure.after }) : failure
