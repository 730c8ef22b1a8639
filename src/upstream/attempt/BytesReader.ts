import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Told from "../../domain/chat/answer/Told.js"
import { beforeCommit, UpstreamBroke, UpstreamErrored, UpstreamStalled } from "../../domain/failure/AnswerFailure.js"
import type { AnswerFailure } from "../../domain/failure/AnswerFailure.js"
import { ProtocolBroken, reasonOf, TotalTimedOut } from "../../domain/failure/Failure.js"
import type { AttemptFailure } from "../../domain/failure/Failure.js"
import * as ReportedError from "../../domain/failure/ReportedError.js"
import * as JsonObject from "../../domain/json/JsonObject.js"
import * as MediaOperation from "../../domain/operation/MediaOperation.js"
import { cut } from "../../domain/text/CutText.js"
import * as Source from "../../flow/Source.js"
import { lost } from "../UpstreamHead.js"
import type { BodyFailure, UpstreamHead } from "../UpstreamHead.js"
import type { AnswerReader, Context } from "./AnswerReader.js"
import { EventPass } from "./EventPass.js"
import * as Limits from "./Limits.js"
import * as WholeBody from "./WholeBody.js"

/** What a record says of an answer. */
export interface Noted {
  /** What it keeps of it: sizes, never sound or images. */
  readonly kept: JsonObject.JsonObject
  readonly usage: JsonObject.JsonObject | undefined
}

/** An answer that is relayed as it comes, of which the beginning is there. */
export interface Passed {
  readonly _tag: "Passed"
  /** Its `content-type`. */
  readonly type: string
  /** Whether it is made of events, so that one that breaks off can say so. */
  readonly isEvents: boolean
  /** It can be run once. Its failures hold no secret. */
  readonly pieces: Source.SourceStream<Uint8Array, AnswerFailure>
  /** What there is to note when it has ended. */
  readonly noted: () => Noted
}

/** A text that is there, all of it. */
export interface Held extends Noted {
  readonly _tag: "Held"
  /** Its `content-type`. */
  readonly type: string
  readonly text: string
}

/** An answer of either kind. */
export type MediaAnswer = Passed | Held

/** Reads the answer to an operation with sound or images; what it is made of its content type says. */
export const of =
  (operation: MediaOperation.MediaOperation): AnswerReader<MediaAnswer> =>
  (head, context) => {
    head.setPatience(Limits.untilEnd(context.times))
    const type = typeOf(head)
    if (type.includes("event-stream")) return events(operation, head, context)
    return operation.isBytes && !isText(type) ? bytes(type, head, context) : held(operation, type, head, context)
  }

type Steps<A> = ReturnType<AnswerReader<A>>

function* events(operation: MediaOperation.MediaOperation, head: UpstreamHead, context: Context): Steps<Passed> {
  const { callerHeaders, scope, target, times } = context
  const pass = new EventPass(operation)
  const source = Source.staged(yield* Source.of(head.body, scope), pass)
  const first = yield* begun(source)
  if (Either.isLeft(first)) {
    const failure = first.left
    if (failure === undefined) return yield* Effect.fail(empty)
    if (failure._tag === "BodyLate") return yield* Effect.fail(new TotalTimedOut({ after: failure.after }))
    return yield* Effect.fail(beforeCommit(Told.answerFailure(failure, target.backend, callerHeaders)))
  }
  head.setPatience(Limits.betweenReads(times))
  const counted = new Counted(first.right)
  const failed = Source.mapError(counted, (failure) =>
    Told.answerFailure(
      failure._tag === "BodyLate" ? new UpstreamStalled({ after: failure.after }) : failure,
      target.backend,
      callerHeaders
    )
  )
  const type = "text/event-stream; charset=utf-8"
  return {
    _tag: "Passed",
    type,
    isEvents: true,
    pieces: Source.stream(failed),
    noted: () => {
      const last = pass.last() ?? {}
      const kept = { content_type: type, bytes: counted.size(), ...MediaOperation.kept(last) }
      return { kept, usage: MediaOperation.usageIn(last) }
    }
  }
}

function* bytes(type: string, head: UpstreamHead, context: Context): Steps<Passed> {
  const first = yield* begun(yield* Source.of(head.body, context.scope))
  if (Either.isRight(first)) return passed(type, first.right, head, context)
  return yield* Effect.fail(first.left === undefined ? empty : lost(first.left))
}

const empty = new ProtocolBroken({ reason: "the answer is empty" })

// Waits for the first of it; whoever has nothing yet can be left for another.
function* begun<A, E>(
  source: Source.Source<A, E>
): Effect.fn.Return<Either.Either<Source.Source<A, E>, E | undefined>> {
  while (true) {
    const { end, values } = yield* Source.next(source)
    if (values.length === 0 && end !== undefined) return Either.left(Option.getOrUndefined(end))
    if (values.length === 0) continue
    return Either.right(Source.after(values, end === undefined ? source : Source.ended(end)))
  }
}

const passed = (
  type: string,
  source: Source.Source<Uint8Array, BodyFailure>,
  head: UpstreamHead,
  { callerHeaders, target, times }: Context
): Passed => {
  head.setPatience(Limits.betweenReads(times))
  const counted = new Counted(source)
  const failed = Source.mapError(counted, (failure) =>
    failure._tag === "BodyLate"
      ? new UpstreamStalled({ after: failure.after })
      : Told.answerFailure(new UpstreamBroke({ reason: reasonOf(failure.cause) }), target.backend, callerHeaders)
  )
  return {
    _tag: "Passed",
    type,
    isEvents: false,
    pieces: Source.stream(failed),
    noted: () => ({ kept: { content_type: type, bytes: counted.size() }, usage: undefined })
  }
}

// All of it, as far as it can be looked through.
function* held(
  operation: MediaOperation.MediaOperation,
  type: string,
  head: UpstreamHead,
  context: Context
): Steps<MediaAnswer> {
  const { end, gathered, rest } = yield* WholeBody.read(head, context)
  if (end === undefined) return passed(type, Source.after([gathered.take()], rest), head, context)
  if (Option.isSome(end)) {
    const failure = lost(end.value)
    return yield* Effect.fail(operation.isCostly && gathered.size() > 0 ? paid(failure) : failure)
  }
  const read = answerIn(gathered.take().toString("utf8"), operation, type, context)
  return Either.isRight(read) ? read.right : yield* Effect.fail(read.left)
}

const paid = ({ message }: AttemptFailure): AttemptFailure =>
  new ProtocolBroken({ reason: `the answer broke off: ${message}`, isPaid: true })

const answerIn = (
  text: string,
  operation: MediaOperation.MediaOperation,
  type: string,
  { callerHeaders, target }: Context
): Either.Either<Held, AttemptFailure> => {
  const body = Option.getOrUndefined(JsonObject.parse(text))
  if (body !== undefined && operation.isAnswer(body)) {
    // Some call JSON a text.
    const kind = type.includes("json") ? type : "application/json"
    return Either.right({
      _tag: "Held",
      type: kind,
      text,
      kept: MediaOperation.kept(body),
      usage: MediaOperation.usageIn(body)
    })
  }
  const reported = body === undefined ? undefined : ReportedError.inAnswer(body)
  if (reported !== undefined) {
    return Either.left(beforeCommit(Told.answerFailure(new UpstreamErrored(reported), target.backend, callerHeaders)))
  }
  if (operation.isTextual && isPlainText(type)) {
    const kept = { content_type: type, bytes: Buffer.byteLength(text), text }
    return Either.right({ _tag: "Held", type, text, kept, usage: undefined })
  }
  return Either.left(
    new ProtocolBroken({ reason: `the answer has nothing of ${operation.name}: it is ${cut(type, 100)}` })
  )
}

/** A content type may be this long, in characters. */
const longestType = 256

const typeOf = ({ headers }: UpstreamHead): string => {
  const type = String(headers["content-type"] ?? "").trim()
  return type === "" || type.length > longestType ? "application/octet-stream" : type
}

const isText = (type: string): boolean => /^(?:text\/|application\/(?:problem\+)?json)/i.test(type)

// What is called a web page is one of a proxy's.
const isPlainText = (type: string): boolean => !/html/i.test(type) && !/json/i.test(type)

/** Counts what passes. */
class Counted<E> implements Source.Source<Uint8Array, E> {
  private read = 0

  constructor(private readonly source: Source.Source<Uint8Array, E>) {}

  /** How much it was so far, in bytes. */
  size(): number {
    return this.read
  }

  poll(): Source.Step<Uint8Array, E> | undefined {
    const step = this.source.poll()
    for (const piece of step?.values ?? []) this.read += piece.length
    return step
  }

  wait(wake: () => void): Effect.Effect<void> | undefined {
    return this.source.wait(wake)
  }
}
