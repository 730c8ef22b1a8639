import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Told from "../../domain/chat/answer/Told.js"
import { beforeCommit, UpstreamErrored } from "../../domain/failure/AnswerFailure.js"
import { ProtocolBroken } from "../../domain/failure/Failure.js"
import type { AttemptFailure } from "../../domain/failure/Failure.js"
import * as ReportedError from "../../domain/failure/ReportedError.js"
import * as JsonObject from "../../domain/json/JsonObject.js"
import * as JsonText from "../../domain/json/JsonText.js"
import type { PlainOperation } from "../../domain/operation/PlainOperation.js"
import { lost } from "../UpstreamHead.js"
import type { UpstreamHead } from "../UpstreamHead.js"
import type { AnswerReader, Context } from "./AnswerReader.js"
import type { Whole } from "./ChatReader.js"
import * as ChunkStage from "./ChunkStage.js"
import * as Limits from "./Limits.js"
import * as WholeBody from "./WholeBody.js"

/** Reads the answer to an operation that is one JSON object, whole, and makes of it what was asked for. */
export const of = (operation: PlainOperation): AnswerReader<Whole> =>
  function* (head, context) {
    const text = yield* textOf(head, context)
    const read = answerIn(text, operation, context)
    if (Either.isLeft(read)) return yield* Effect.fail(read.left)
    const body = read.right
    const usage = JsonObject.is(body["usage"]) ? body["usage"] : undefined
    return { _tag: "Whole", body, text: JsonText.write(body), kept: operation.kept?.(body), usage, skipped: 0 }
  }

function* textOf(head: UpstreamHead, context: Context): Effect.fn.Return<string, AttemptFailure> {
  head.setPatience(Limits.untilEnd(context.times))
  const { end, gathered } = yield* WholeBody.read(head, context)
  if (end === undefined || gathered.size() > ChunkStage.maxWhole) {
    return yield* Effect.fail(new ProtocolBroken({ reason: "the answer was too large" }))
  }
  if (Option.isSome(end)) return yield* Effect.fail(lost(end.value))
  return gathered.take().toString("utf8")
}

const answerIn = (
  text: string,
  operation: PlainOperation,
  { ask, callerHeaders, target }: Context
): Either.Either<JsonObject.JsonObject, AttemptFailure> => {
  const parsed = JsonObject.parse(text)
  if (Option.isNone(parsed)) return Either.left(new ProtocolBroken({ reason: "the answer is no JSON object" }))
  const repaired = operation.repair(ask.body, parsed.value)
  if (repaired !== undefined) return Either.right(repaired)
  const reported = ReportedError.inAnswer(parsed.value)
  return Either.left(
    reported === undefined
      ? new ProtocolBroken({ reason: `the answer has nothing of ${operation.name}` })
      : beforeCommit(Told.answerFailure(new UpstreamErrored(reported), target.backend, callerHeaders))
  )
}
