import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { AnswerChunk } from "../../domain/chat/answer/AnswerChunk.js"
import type * as AnswerRepair from "../../domain/chat/answer/AnswerRepair.js"
import type { WholeAnswer } from "../../domain/chat/answer/WholeAnswer.js"
import { UpstreamBroke, UpstreamErrored } from "../../domain/failure/AnswerFailure.js"
import { reasonOf } from "../../domain/failure/Failure.js"
import * as ReportedError from "../../domain/failure/ReportedError.js"
import * as JsonObject from "../../domain/json/JsonObject.js"
import * as JsonText from "../../domain/json/JsonText.js"
import type { Decoder } from "../../domain/protocol/BackendProtocol.js"
import * as SseEvents from "../../domain/wire/SseEvents.js"
import { Gathered } from "../../flow/Gathered.js"
import type { Ending, Stage, Step } from "../../flow/Source.js"
import * as Utf8 from "../../flow/Utf8.js"
import type { BodyFailure, BodyLate, UpstreamHead } from "../UpstreamHead.js"

/** How the chunks of an answer may end but well. */
export type Failure = UpstreamBroke | UpstreamErrored | BodyLate

/** Makes contract-true chunks of the bytes of an answer. */
export interface ChunkStage extends Stage<Uint8Array, BodyFailure, AnswerChunk, Failure> {
  /** How much of the answer has been read, in bytes. */
  size(): number
  /** Whether the finish of a choice is held back for what may still come before it. */
  holdsFinish(): boolean
  /** Those finishes, when they have been held back for long enough. */
  release(): ReadonlyArray<AnswerChunk>
  /** Whether it makes its chunks only when all of the answer has come. */
  readonly isWhole: boolean
}

/** An answer that is held back whole may be this large, in bytes. */
export const maxWhole = 64 * 1024 * 1024

/** What makes the chunks of one answer. */
export interface Options {
  readonly repair: AnswerRepair.AnswerRepair
  /** Reads the backend's words, where those are not the hub's. */
  readonly decoder: Decoder | undefined
  /** Where a whole answer was asked for: is given one that needs no repair, which makes no chunks then. */
  readonly takeWhole: ((answer: WholeAnswer) => void) | undefined
}

/** The stage for a successful answer; its content type decides how it is read, not what was asked for. */
export const of = (
  { framing, headers }: Pick<UpstreamHead, "headers"> & Partial<Pick<UpstreamHead, "framing">>,
  options: Options
): ChunkStage => {
  const { takeWhole } = options
  const type = String(headers["content-type"] ?? "").toLowerCase()
  const isBody =
    type.includes("json") || type.includes("html") || (takeWhole !== undefined && !type.includes("event-stream"))
  const stage = isBody ? ofBody(options) : new EventStage(options.repair, options.decoder)
  return framing === "close" ? sayingSo(stage) : stage
}

type Made = Step<AnswerChunk, Failure>
type Last = Ending<AnswerChunk, Failure>

// A class, for it lives as long as a stream and is called for each of its events: see the history of the bench.
class EventStage implements ChunkStage {
  readonly isWhole = false
  private readonly utf8 = Utf8.make()
  private readonly events = SseEvents.make()
  private read = 0

  constructor(
    private readonly repair: AnswerRepair.AnswerRepair,
    private readonly decoder: Decoder | undefined
  ) {}

  size(): number {
    return this.read
  }

  holdsFinish(): boolean {
    return this.repair.holdsFinish()
  }

  release(): ReadonlyArray<AnswerChunk> {
    return this.repair.release()
  }

  push(bytes: Uint8Array): Made {
    this.read += bytes.length
    const text = this.utf8.decode(bytes)
    const again = this.events.isBetween() ? this.repair.recall(text) : undefined
    return again === undefined ? this.made(this.events.push(text)) : { values: [again], end: undefined }
  }

  end(how: Option.Option<BodyFailure>): Last {
    if (Option.isNone(how)) return this.ended()
    if (!this.repair.isSettled()) return failed(how.value)
    // A complete answer needs no goodbye.
    const last = together([this.repair.end()])
    return { values: last.values, end: last.end ?? Option.none() }
  }

  private made(events: ReadonlyArray<SseEvents.SseEvent>): Made {
    const { decoder, repair } = this
    const step = together(
      decoder === undefined ? events.map((event) => repair.push(event)) : this.decoded(decoder, events)
    )
    return step.end === undefined && this.events.overflowed() ? { ...step, end: broke("an event was too large") } : step
  }

  private decoded({ push }: Decoder, events: ReadonlyArray<SseEvents.SseEvent>): ReadonlyArray<AnswerRepair.Step> {
    return events.flatMap((event) => push(event)).map((chunk) => this.repair.pushChunk(chunk))
  }

  private ended(): Last {
    const step = this.made([...this.events.push(this.utf8.end()), ...this.events.end()])
    if (step.end !== undefined) return { ...step, end: step.end }
    const last = together([this.repair.end()])
    return { values: [...step.values, ...last.values], end: last.end ?? Option.none() }
  }
}

// Costs as much to make as to read an answer with; it drops a byte order mark.
const wholeUtf8 = new TextDecoder()

const ofBody = ({ decoder, repair, takeWhole }: Options): ChunkStage => {
  const gathered = new Gathered()
  let read = 0

  const ended = (): Last => {
    const text = wholeUtf8.decode(gathered.take()).trim()
    const strictly = JsonText.read(text)
    const parsed = Either.getOrUndefined(Either.isRight(strictly) ? strictly : JsonText.readLoosely(text))
    if (!JsonObject.is(parsed)) {
      const reported = ReportedError.inList(parsed)
      const end = reported === undefined ? broke("the answer is not a JSON object") : errored(reported)
      return { values: [], end }
    }
    const body = decoder === undefined ? parsed : decoder.whole(parsed)
    if (takeWhole !== undefined && repair.takeWhole(body)) {
      takeWhole({ body, text: body === parsed && Either.isRight(strictly) ? text : JsonText.write(body) })
      return { values: [], end: Option.none() }
    }
    const step = together([repair.pushWhole(body)])
    return { values: step.values, end: step.end ?? Option.none() }
  }

  return {
    size: () => read,
    holdsFinish: () => false,
    release: () => [],
    isWhole: true,
    push: (bytes) => {
      gathered.push(bytes)
      read += bytes.length
      return { values: [], end: read > maxWhole ? broke("the answer was too large") : undefined }
    },
    end: (how) => (Option.isNone(how) ? ended() : failed(how.value))
  }
}

const together = (steps: ReadonlyArray<AnswerRepair.Step>): Made => {
  const values: Array<AnswerChunk> = []
  let end: Option.Option<Failure> | undefined
  for (const step of steps) {
    for (const chunk of step.chunks) values.push(chunk)
    if (step.end !== undefined) end ??= endOf(step.end)
  }
  return { values, end }
}

const endOf = (end: AnswerRepair.StreamEnd): Option.Option<Failure> => {
  switch (end._tag) {
    case "Finished":
      return Option.none()
    case "Errored":
      return errored(end)
    case "Truncated":
      return broke(end.reason)
  }
}

// Of a body that ends only with its connection nobody can tell whether it was cut off: a broken one probably was.
const sayingSo = (stage: ChunkStage): ChunkStage => ({
  isWhole: stage.isWhole,
  size: () => stage.size(),
  holdsFinish: () => stage.holdsFinish(),
  release: () => stage.release(),
  push: (bytes) => stage.push(bytes),
  end: (how) => {
    const { end, values } = stage.end(how)
    const isCut = Option.isSome(end) && end.value._tag === "UpstreamBroke"
    return { values, end: isCut ? broke(`${end.value.reason}; only its connection told the end`) : end }
  }
})

const failed = (failure: BodyFailure): Last => ({
  values: [],
  end: failure._tag === "BodyLate" ? Option.some(failure) : broke(reasonOf(failure.cause))
})

const errored = ({ error, status }: ReportedError.ReportedError): Option.Option<Failure> =>
  Option.some(new UpstreamErrored({ status, error }))

const broke = (reason: string): Option.Option<Failure> => Option.some(new UpstreamBroke({ reason }))
