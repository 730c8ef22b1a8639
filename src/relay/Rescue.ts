import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Backend } from "../domain/backend/Backend.js"
import type { AnswerChunk } from "../domain/chat/answer/AnswerChunk.js"
import * as Usage from "../domain/chat/answer/Usage.js"
import type { Ask } from "../domain/chat/Ask.js"
import type { AnswerFailure } from "../domain/failure/AnswerFailure.js"
import { RelayEnd } from "../domain/failure/Outcome.js"
import type * as JsonObject from "../domain/json/JsonObject.js"
import * as Journal from "../domain/record/Journal.js"
import * as Alignment from "../domain/rescue/Alignment.js"
import * as Continuation from "../domain/rescue/Continuation.js"
import * as TextMatch from "../domain/text/TextMatch.js"
import * as SentAnswer from "../domain/wire/SentAnswer.js"
import * as Source from "../flow/Source.js"
import type { Resumption } from "../upstream/attempt/Attempt.js"
import type { Streamed } from "../upstream/attempt/ChatReader.js"
import type { Forwarded } from "../upstream/forward/Forwarded.js"

/** An answer in one or more parts, each of them another backend's. */
export interface Rescued {
  /** The part in hand, and those that go on with it where it breaks off; it fails where nobody can go on. */
  readonly chunks: Source.SourceStream<AnswerChunk, AnswerFailure>
  /** Whose part it is at present. */
  readonly current: () => Forwarded<Streamed>
  /** Tells how it all ended: the part that is under way, if one is, has ended so. */
  readonly conclude: (end: RelayEnd) => Effect.Effect<void>
  /** The usage of all parts that have ended. */
  readonly usage: () => JsonObject.JsonObject | undefined
}

/** What an answer is gone on with. */
export interface Options {
  readonly forwarded: Forwarded<Streamed>
  /** Learns how each part ended. */
  readonly journal: Journal.Journal
  /** What the caller has been sent, if another answer could go on with it. */
  readonly sent: () => SentAnswer.SentAnswer | undefined
}

/** A second answer is not the first one's. */
class Differs extends Data.TaggedError("Differs")<{}> {}

type Chunks<E> = Source.Source<AnswerChunk, E>

/** The answer with its rescues: a failure of one part is caught with the next one. */
export const rescued = ({ forwarded: first, journal, sent }: Options): Rescued => {
  let current = first
  let isUnderWay = true
  let spent: JsonObject.JsonObject | undefined

  const conclude = (end: RelayEnd | Differs): Effect.Effect<void> => {
    if (!isUnderWay) return Effect.void
    isUnderWay = false
    const used = current.answer.content.usage()
    if (used !== undefined) spent = Usage.add(spent, used)
    Journal.noteSkipped(journal, current.answer.content.skipped())
    if (end instanceof Error) Journal.noteEnd(journal, end._tag)
    // That an answer was given up because it differs tells nothing of its backend.
    return current.conclude(end._tag === "Differs" ? RelayEnd.CallerLeft() : end)
  }

  // Goes on after `failure`; where nobody can, the caller is told `why`.
  const goOn = Effect.fnUntraced(function* (failure: AnswerFailure, why: AnswerFailure): Steps<Chunks<AnswerFailure>> {
    // The caller may leave meanwhile; the part that has ended ends all the same.
    yield* Effect.uninterruptible(conclude(failure))
    const known = sent()
    const resumption = known && plan(first.ask, first.answer.target.backend, known)
    if (known === undefined || resumption === undefined) return Source.ended(Option.some(why))
    const next = yield* current.rescue(failure, resumption)
    if (next === undefined) return Source.ended(Option.some(why))
    current = next
    isUnderWay = true
    const alignment = Alignment.make(known, matcher(resumption), spent)
    return Source.catchAll(Source.staged(next.answer.content.chunks.source, onlyNew(alignment)), (again) =>
      again._tag === "Differs"
        ? Effect.as(conclude(again), Source.ended(Option.some(why)))
        : // Who has delivered nothing has nothing to say: the caller learns why the answer before broke off.
          goOn(again, alignment.through() ? again : why)
    )
  })

  return {
    chunks: Source.stream(Source.catchAll(first.answer.content.chunks.source, (failure) => goOn(failure, failure))),
    current: () => current,
    conclude,
    usage: () => spent
  }
}

type Steps<A> = Effect.fn.Return<A>

// Lets through what the caller does not have, and ends well only after all that it has.
const onlyNew = (
  alignment: Alignment.Alignment
): Source.Stage<AnswerChunk, AnswerFailure, AnswerChunk, AnswerFailure | Differs> => ({
  push: (chunk) => {
    const fresh = alignment.push(chunk)
    return fresh === undefined ? { values: [], end: Option.some(new Differs()) } : { values: fresh, end: undefined }
  },
  end: (how) => ({ values: [], end: Option.isNone(how) && !alignment.through() ? Option.some(new Differs()) : how })
})

// How another backend is asked to go on with what was sent of this one's answer; undefined when none shall be.
const plan = (ask: Ask, { rescue, specialPrefix }: Backend, sent: SentAnswer.SentAnswer): Resumption | undefined => {
  if (rescue === "off") return undefined
  const partial = rescue === "continue" ? withoutPrefix(SentAnswer.onlyText(sent), specialPrefix) : undefined
  // So short a text is sooner said again than recognised.
  const told = partial !== undefined && partial.length >= TextMatch.minOverlap && Continuation.isPossible(ask.body)
  return told
    ? { mode: "continue", partial, prefix: "" }
    : { mode: "restart", partial: undefined, prefix: specialPrefix }
}

// How the text of the new answer leads on from what was sent.
const matcher =
  ({ partial }: Resumption) =>
  (sent: string): TextMatch.TextMatch =>
    partial === undefined ? TextMatch.repeated(sent) : TextMatch.continued(partial)

const withoutPrefix = (text: string | undefined, prefix: string): string | undefined =>
  prefix !== "" && text?.startsWith(prefix) === true ? text.slice(prefix.length).replace(/^\n/, "") : text
