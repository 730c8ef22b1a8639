import * as Data from "effect/Data"
import * as Either from "effect/Either"
import * as AnswerChunk from "./AnswerChunk.js"
import * as AnswerShape from "./AnswerShape.js"
import * as BrokenChoice from "./BrokenChoice.js"
import type * as ChoiceRepair from "./ChoiceRepair.js"
import * as ChoiceList from "./ChoiceList.js"
import * as ChoiceShape from "./ChoiceShape.js"
import * as FinishReason from "./FinishReason.js"
import type * as ErrorBody from "../../failure/ErrorBody.js"
import * as ReportedError from "../../failure/ReportedError.js"
import * as JsonObject from "../../json/JsonObject.js"
import * as JsonText from "../../json/JsonText.js"
import type { Conversation } from "../../operation/Operation.js"
import * as RepeatedEvent from "./RepeatedEvent.js"
import * as ServiceTier from "./ServiceTier.js"
import * as SseEvents from "../../wire/SseEvents.js"
import * as UsageReports from "./UsageReports.js"

/** How the events of a stream ended. */
export type StreamEnd = Data.TaggedEnum<{
  /** Every choice finished: `[DONE]` is deserved. */
  Finished: {}
  /** The backend reported an error, with the status it would have had. */
  Errored: { readonly status: number; readonly error: ErrorBody.ErrorBody }
  /** It ended, or could not be read on, in the middle of the answer. */
  Truncated: { readonly reason: string }
}>
export const StreamEnd = Data.taggedEnum<StreamEnd>()

/** What one event becomes. */
export interface Step {
  /** Chunks for the caller. */
  readonly chunks: ReadonlyArray<AnswerChunk.AnswerChunk>
  /** Set once, when the stream is over; nothing counts after it. */
  readonly end: StreamEnd | undefined
}

/** Repairs one stream, chat or legacy: upstream events in, contract-true chunks out. */
export interface AnswerRepair {
  push(event: SseEvents.SseEvent): Step
  /** The same of a chunk that another protocol's event became. */
  pushChunk(chunk: JsonObject.JsonObject): Step
  /** What becomes of a piece of the stream's text that only repeats, event for event, what came before it. */
  recall(piece: string): AnswerChunk.AnswerChunk | undefined
  /** A parsed body that holds a whole answer, taken as the only event of a stream. */
  pushWhole(body: JsonObject.JsonObject): Step
  /** Takes a whole body that needs no repair as the answer; false for any other, which is to be pushed. */
  takeWhole(body: JsonObject.JsonObject): boolean
  /** The end of the upstream's bytes. */
  end(): Step
  /** Whether the finish of a choice is held back for what may still come before it. */
  holdsFinish(): boolean
  /** Those finishes, when they have been held back for long enough. */
  release(): ReadonlyArray<AnswerChunk.AnswerChunk>
  /** Whether every choice has finished beyond doubt, so that a connection that is lost takes nothing away. */
  isSettled(): boolean
  /** The usage reported last, with its counts completed. */
  usage(): JsonObject.JsonObject | undefined
  /** How many events were skipped: they are no JSON, and do not look like it. */
  skipped(): number
}

/** What the repair needs to know of the exchange; `id`, `model` and `created` (Unix seconds) serve where upstream's are missing. */
export interface Options extends ChoiceList.Options {
  readonly operation: Conversation
  readonly model: string
  readonly created: number
  readonly includeUsage: boolean
  /** Whether the caller is told the usage wherever the backend tells it: it was not asked for on its behalf then. */
  readonly passUsage: boolean
}

/** The repair of one stream. */
export const make = (options: Options): AnswerRepair => new EventRepair(options)

/** What each chunk says of the whole answer. */
interface Envelope {
  readonly id: string
  readonly created: number
  readonly model: string
}

class EventRepair implements AnswerRepair {
  private readonly choices: ChoiceList.ChoiceList
  private readonly repeated: RepeatedEvent.RepeatedEvent | undefined
  private readonly shape: AnswerShape.AnswerShape
  private envelope: Envelope | undefined = undefined
  /** What goes with the next chunk that has a choice. */
  private carried: Record<string, unknown> = {}
  /** The usage that the next of them is to tell. */
  private passed: JsonObject.JsonObject | undefined = undefined
  /** What goes with the usage at the end. */
  private readonly closing: Record<string, unknown> = {}
  private readonly reports = UsageReports.make()
  private foreign = 0
  private ended = false

  constructor(private readonly options: Options) {
    this.shape = AnswerShape.of(options.operation)
    this.choices = ChoiceList.make(this.shape, options)
    this.repeated = options.cumulative ? undefined : RepeatedEvent.make()
  }

  push({ data, event }: SseEvents.SseEvent): Step {
    if (this.ended) return nothing
    const text = data.trim()
    if (isDone.test(text)) return this.finish(true)
    if (event !== undefined && event.toLowerCase() === "error") {
      return this.failed(ReportedError.of(Either.getOrElse(JsonText.readLoosely(text), () => text)))
    }
    if (text === "" || text === '""' || (event === "ping" && !text.includes('"choices"'))) return nothing
    const isOneLine = !text.includes("\n")
    const again = isOneLine ? this.repeated?.recall(SseEvents.framed(text)) : undefined
    if (again !== undefined) return { chunks: [again], end: undefined }
    const step = this.pushText(text, event)
    this.repeated?.learn(text, isOneLine ? step.chunks : [])
    return step
  }

  recall(piece: string): AnswerChunk.AnswerChunk | undefined {
    return this.ended ? undefined : this.repeated?.recall(piece)
  }

  pushChunk(chunk: JsonObject.JsonObject): Step {
    return this.ended ? nothing : this.pushBody(chunk)
  }

  pushWhole(body: JsonObject.JsonObject): Step {
    const list = ChoiceShape.listOf(body["choices"])
    if (list === undefined) return this.breakOff("the choices of the answer could not be read")
    const step = this.pushBody(
      list.length === 0 ? body : { ...body, choices: ChoiceShape.numbered(list).map(wholeChoice) }
    )
    if (step.end !== undefined) return step
    if (list.length === 0) return this.failed(ReportedError.ofEmpty(body) ?? BrokenChoice.noRoom)
    return after(step.chunks, this.finish(false))
  }

  takeWhole(body: JsonObject.JsonObject): boolean {
    const { cumulative, prefix } = this.options
    if (prefix !== "" || cumulative || !this.shape.isSound(body)) return false
    this.reports.hear(body)
    this.ended = true
    return true
  }

  end(): Step {
    return this.ended ? nothing : this.finish(false)
  }

  holdsFinish(): boolean {
    return !this.ended && this.choices.hasHeld()
  }

  release(): ReadonlyArray<AnswerChunk.AnswerChunk> {
    return this.ended ? none : this.lastChunks(this.choices.release(), this.choices.isFinished()).map(asContent)
  }

  isSettled(): boolean {
    return this.choices.isSettled()
  }

  usage(): JsonObject.JsonObject | undefined {
    return this.reports.told()
  }

  skipped(): number {
    return this.foreign
  }

  // What was meant to be a piece of the answer: without it the rest would say something else.
  private pushText(text: string, event: string | undefined): Step {
    const value = Either.getOrUndefined(JsonText.readLoosely(text))
    if (JsonObject.is(value)) return this.pushBody(value, event)
    if (Array.isArray(value)) return this.pushAll(value, event)
    if (looksLikePiece.test(text)) return this.breakOff("an event of the stream could not be read")
    this.foreign++
    return nothing
  }

  private pushAll(bodies: ReadonlyArray<unknown>, event: string | undefined): Step {
    const chunks: Array<AnswerChunk.AnswerChunk> = []
    for (const body of bodies.filter(JsonObject.isPresent)) {
      const step = JsonObject.is(body) ? this.pushBody(body, event) : this.breakOff("an event could not be read")
      for (const chunk of step.chunks) chunks.push(chunk)
      if (step.end !== undefined) return { chunks, end: step.end }
    }
    return { chunks, end: undefined }
  }

  private pushBody(body: JsonObject.JsonObject, event?: string): Step {
    // An event with a name of its own tells of something else.
    const isNamed = event !== undefined && event !== "message" && !ReportedError.isCalledError(event)
    const reported = ReportedError.inAnswer(body, isNamed, this.choices.hasBegun())
    if (reported !== undefined) return this.failed(reported)
    const { id, object: _, created, model, choices, usage: __, error: ___, ...given } = body
    const list = ChoiceShape.listOf(choices)
    if (list === undefined) return this.breakOff("the choices of an event could not be read")
    const isPiece = !isNamed || Array.isArray(choices)
    if (isPiece) this.hearUsage(body, list.length > 0)
    if (list.length > 0) this.envelope ??= this.envelopeOf(id, created, model)
    const extras = wellTyped(given)
    const { end, repaired } = this.repairAll(list)
    if (repaired.length > 0) return { chunks: [this.pieceOf(repaired, extras)], end }
    if (isPiece) this.carry(extras, list.length === 0 && this.isClosing() ? this.closing : this.carried)
    return { chunks: none, end }
  }

  // What the choices of a chunk become, and the end that one of them makes.
  private repairAll(list: ReadonlyArray<JsonObject.JsonObject>): Repairs {
    const repaired: Array<ChoiceRepair.Repaired> = []
    let end: StreamEnd | undefined
    for (let position = 0; position < list.length && end === undefined; position++) {
      const given = list[position]
      const choice = given === undefined ? undefined : ChoiceShape.read(given)
      if (choice === undefined) end = this.breakOff("a choice could not be read").end
      else if (!this.choices.push(choice, position, repaired)) end = this.breakOff("a choice has too high a number").end
      const broken = choice === undefined || end !== undefined ? undefined : BrokenChoice.of(choice)
      if (broken !== undefined) end = this.failed(broken).end
    }
    return { repaired, end }
  }

  private pieceOf(
    repaired: ReadonlyArray<ChoiceRepair.Repaired>,
    extras: JsonObject.JsonObject
  ): AnswerChunk.AnswerChunk {
    const list = repaired.map(({ choice }) => choice)
    const content = repaired.some((each) => each.content)
    const isPlain = this.passed === undefined && JsonObject.isEmpty(this.carried)
    const beside = isPlain ? extras : { ...this.takeCarried(), ...extras, ...this.takePassed() }
    return AnswerChunk.make(this.chunkOf(list, beside), content)
  }

  // What comes without a choice goes with the next chunk that has one; event by event, so nothing is copied.
  private carry(extras: JsonObject.JsonObject, into: Record<string, unknown>): void {
    for (const key in extras) {
      const isNothing = extras[key] === null || extras[key] === undefined
      if (!isNothing && key !== "__proto__" && key !== "obfuscation") into[key] = extras[key]
    }
  }

  // Whether only the chunk with the usage is to follow those that finish the choices.
  private isClosing(): boolean {
    return this.options.includeUsage && this.choices.isFinished() && this.usage() !== undefined
  }

  private takeCarried(): JsonObject.JsonObject {
    const { carried } = this
    this.carried = {}
    return carried
  }

  private takePassed(): JsonObject.JsonObject | undefined {
    const { passed } = this
    this.passed = undefined
    return passed
  }

  private hearUsage(body: JsonObject.JsonObject, hasChoices: boolean): void {
    const isHeard = this.reports.hear(body)
    if (isHeard && hasChoices && this.options.passUsage) this.passed = { usage: this.usage() }
  }

  private envelopeOf(id: unknown, created: unknown, model: unknown): Envelope {
    const time = Math.trunc(JsonObject.number(created) ?? 0)
    return {
      id: JsonObject.text(id) ?? this.options.id,
      created: isTime(time) ? time : this.options.created,
      model: JsonObject.text(model) ?? this.options.model
    }
  }

  private chunkOf(list: ReadonlyArray<JsonObject.JsonObject>, extras: JsonObject.JsonObject): JsonObject.JsonObject {
    const { created, id, model } = (this.envelope ??= this.options)
    return { id, object: this.shape.chunk, created, model, ...extras, choices: list }
  }

  // LiteLLM says that all is said while only one of several choices has finished.
  private finish(isSaid: boolean): Step {
    if (!this.choices.isFinished() && !(isSaid && this.choices.hasFinished())) {
      const blocked = this.choices.isEmpty() ? ReportedError.ofEmpty(this.carried) : undefined
      return blocked === undefined ? this.breakOff("the stream ended before its answer did") : this.failed(blocked)
    }
    this.ended = true
    const chunks = this.lastChunks(this.choices.ends(), true)
    const usage = this.usage()
    if (this.options.includeUsage && usage !== undefined)
      chunks.push(Object.assign(this.chunkOf([], this.closing), { usage }))
    return { chunks: chunks.map(asContent), end: StreamEnd.Finished() }
  }

  // What goes with them is told when none will follow.
  private lastChunks(ends: ReadonlyArray<JsonObject.JsonObject>, areAll: boolean): Array<JsonObject.JsonObject> {
    const beside = areAll ? this.takeCarried() : {}
    const passed = areAll ? this.takePassed() : undefined
    return ends.map((choice, position) =>
      this.chunkOf([choice], position === ends.length - 1 ? { ...beside, ...passed } : beside)
    )
  }

  private breakOff(reason: string): Step {
    this.ended = true
    return { ...nothing, end: StreamEnd.Truncated({ reason }) }
  }

  private failed(reported: ReportedError.ReportedError): Step {
    this.ended = true
    return { ...nothing, end: StreamEnd.Errored(reported) }
  }
}

/** The end, whatever a backend says behind it. */
const isDone = /^\[done\]/i

/** What a foreign event has that was meant to be a piece of the answer. */
const looksLikePiece = /^[{[]|\{\s*\\?["']|\\?["'](?:choices|delta|content)\\?["']/

/** What the choices of a chunk become. */
interface Repairs {
  readonly repaired: ReadonlyArray<ChoiceRepair.Repaired>
  readonly end: StreamEnd | undefined
}

const none: ReadonlyArray<AnswerChunk.AnswerChunk> = []

const nothing: Step = { chunks: none, end: undefined }

const asContent = (chunk: JsonObject.JsonObject): AnswerChunk.AnswerChunk => AnswerChunk.make(chunk, true)

const after = (chunks: ReadonlyArray<AnswerChunk.AnswerChunk>, { chunks: more, end }: Step): Step => ({
  chunks: chunks.length === 0 ? more : [...chunks, ...more],
  end
})

// What is a text to all clients, or missing; and of tiers only those that they know.
const wellTyped = (extras: JsonObject.JsonObject): JsonObject.JsonObject => {
  const { service_tier: tier, system_fingerprint: print } = extras
  const isRight =
    (tier === undefined || ServiceTier.isKnown(tier)) && (print === undefined || typeof print === "string")
  return isRight ? extras : righted(extras)
}

const righted = (extras: JsonObject.JsonObject): JsonObject.JsonObject => {
  const { system_fingerprint: print, ...rest } = extras
  const kept = typeof print === "string" ? extras : rest
  return ServiceTier.isKnown(kept["service_tier"]) ? kept : ServiceTier.renamed(kept)
}

// A whole answer is complete whatever its backend says of the reason, and said in its message.
const wholeChoice = (choice: JsonObject.JsonObject): JsonObject.JsonObject => {
  const { delta, ...rest } = choice
  const finish_reason = FinishReason.word(choice["finish_reason"] ?? choice["finishReason"]) ?? "stop"
  const isSaidAgain = delta === undefined || JsonObject.isPresent(choice["message"])
  return isSaidAgain ? { ...rest, finish_reason } : { ...choice, finish_reason }
}

const isTime = (seconds: number): boolean => seconds > 0 && Number.isSafeInteger(seconds)
