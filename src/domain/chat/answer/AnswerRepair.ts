import * as Data from "effect/Data"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as AnswerChunk from "./AnswerChunk.js"
import * as AnswerShape from "./AnswerShape.js"
import type * as ChoiceRepair from "./ChoiceRepair.js"
import * as FinishReason from "./FinishReason.js"
import * as ErrorBody from "../../failure/ErrorBody.js"
import * as ReportedError from "../../failure/ReportedError.js"
import * as GrowingText from "../../text/GrowingText.js"
import * as JsonObject from "../../json/JsonObject.js"
import * as JsonText from "../../json/JsonText.js"
import type { Operation } from "../../operation/Operation.js"
import * as RepeatedEvent from "./RepeatedEvent.js"
import * as SseEvents from "../../wire/SseEvents.js"
import * as Usage from "./Usage.js"
import * as WireIndex from "./WireIndex.js"

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
  /** Whether every choice has finished, though usage may still come. */
  finished(): boolean
  /** The usage reported last, with its counts completed. */
  usage(): JsonObject.JsonObject | undefined
  /** How many events were skipped: they are no JSON, and do not look like it. */
  skipped(): number
}

/** What the repair needs to know of the exchange; `id`, `model` and `created` (Unix seconds) serve where upstream's are missing. */
export interface Options {
  readonly operation: Operation
  readonly id: string
  readonly model: string
  readonly created: number
  readonly prefix: string
  readonly includeUsage: boolean
  /** Whether the caller is told the usage wherever the backend tells it: it was not asked for on its behalf then. */
  readonly passUsage: boolean
  /** Whether each text of the backend repeats all that came before it. */
  readonly cumulative: boolean
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
  private readonly choices: Array<ChoiceRepair.ChoiceRepair> = []
  private readonly shorten: GrowingText.Shorten | undefined
  private readonly repeated: RepeatedEvent.RepeatedEvent | undefined
  private readonly shape: AnswerShape.AnswerShape
  /** So many of them have begun, in their order. */
  private begun = 0
  private envelope: Envelope | undefined = undefined
  /** What goes with the next chunk that has a choice. */
  private carried: Record<string, unknown> = {}
  /** The usage that the next of them is to tell. */
  private passed: JsonObject.JsonObject | undefined = undefined
  /** What goes with the usage at the end. */
  private readonly closing: Record<string, unknown> = {}
  private lastUsage: JsonObject.JsonObject | undefined = undefined
  private timings: JsonObject.JsonObject | undefined = undefined
  private foreign = 0
  private ended = false

  constructor(private readonly options: Options) {
    this.shape = AnswerShape.of(options.operation)
    this.shorten = options.cumulative ? GrowingText.make() : undefined
    this.repeated = options.cumulative ? undefined : RepeatedEvent.make()
  }

  push({ data, event }: SseEvents.SseEvent): Step {
    if (this.ended) return nothing
    const text = data.trim()
    if (text === "[DONE]") return this.finish()
    if (event === "error") {
      const value = Option.getOrElse(JsonObject.parseValue(text), () => text)
      return this.failed(ReportedError.of(value))
    }
    if (text === "" || text === '""' || event === "ping") return nothing
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
    const list = JsonObject.listOf(body["choices"]).map(JsonObject.orEmpty)
    // A whole body is complete whatever its backend says of the reason.
    const whole = list.map((choice, position) => ({
      ...choice,
      index: choice["index"] ?? position,
      finish_reason: FinishReason.word(choice["finish_reason"] ?? choice["finishReason"]) ?? "stop"
    }))
    const step = this.pushBody(list.length === 0 ? body : { ...body, choices: whole })
    if (step.end !== undefined) return step
    // What some backends answer when they have no room.
    if (list.length === 0) return this.failed(ReportedError.ofEmpty(body) ?? noRoom)
    return after(step.chunks, this.finish())
  }

  takeWhole(body: JsonObject.JsonObject): boolean {
    const { cumulative, prefix } = this.options
    if (prefix !== "" || cumulative || !this.shape.isSound(body)) return false
    this.lastUsage = Usage.find(body)
    this.ended = true
    return true
  }

  end(): Step {
    return this.ended ? nothing : this.finish()
  }

  finished(): boolean {
    return this.choices.length > 0 && this.choices.every((choice) => choice.finished())
  }

  usage(): JsonObject.JsonObject | undefined {
    const usage = this.lastUsage ?? this.timings
    return usage === undefined ? undefined : Usage.complete(usage)
  }

  skipped(): number {
    return this.foreign
  }

  // What began as JSON was meant to be a piece of the answer: without it the rest would say something else.
  private pushText(text: string, event: string | undefined): Step {
    const value = Either.getOrUndefined(JsonText.readLoosely(text))
    if (JsonObject.is(value)) return this.pushBody(value, event)
    if (Array.isArray(value)) return this.pushAll(value.filter(JsonObject.is))
    if (/^[{[]/.test(text)) return this.breakOff("an event of the stream could not be read")
    this.foreign++
    return nothing
  }

  private pushAll(bodies: ReadonlyArray<JsonObject.JsonObject>): Step {
    let all = nothing
    for (const body of bodies) if (all.end === undefined) all = after(all.chunks, this.pushBody(body))
    return all
  }

  private pushBody(body: JsonObject.JsonObject, event?: string): Step {
    const {
      id,
      object: _,
      created,
      model,
      choices: rawChoices,
      usage: __,
      error: ___,
      obfuscation,
      ...extras
    } = known(body)
    // An event with a name of its own tells of something else.
    const isNamed = event !== undefined && event !== "message"
    const reported = ReportedError.inAnswer(body, isNamed)
    if (reported !== undefined) return this.failed(reported)
    const list = JsonObject.listOf(rawChoices).filter(JsonObject.is)
    this.hearUsage(body)
    const repaired: Array<ChoiceRepair.Repaired> = []
    const isInBounds = list.every((choice, position) => this.repairChoice(choice, position, repaired))
    const broken = list.find(isBrokenOff)
    this.envelope ??= list.length === 0 ? undefined : this.envelopeOf(id, created, model)
    const isPiece = !isNamed || Array.isArray(rawChoices)
    if (repaired.length === 0 && isPiece)
      this.carry(extras, list.length === 0 && this.isClosing() ? this.closing : this.carried)
    const padding = obfuscation === undefined ? {} : { obfuscation }
    const chunks = repaired.length === 0 ? none : [this.pieceOf(repaired, { ...extras, ...padding })]
    if (!isInBounds) return after(chunks, this.breakOff("a choice has too high a number"))
    if (broken !== undefined) return after(chunks, this.failed(brokenOff(broken)))
    return { chunks, end: undefined }
  }

  private pieceOf(
    repaired: ReadonlyArray<ChoiceRepair.Repaired>,
    extras: JsonObject.JsonObject
  ): AnswerChunk.AnswerChunk {
    const list = repaired.map(({ choice }) => choice)
    const content = repaired.some((each) => each.content)
    return AnswerChunk.make(this.chunkOf(list, { ...this.takeCarried(), ...extras, ...this.takePassed() }), content)
  }

  // What comes without a choice goes with the next chunk that has one; event by event, so nothing is copied.
  private carry(extras: JsonObject.JsonObject, into: Record<string, unknown>): void {
    for (const [key, value] of Object.entries(JsonObject.withoutNulls(extras))) {
      if (key !== "__proto__") into[key] = value
    }
  }

  // Whether only the chunk with the usage is to follow those that finish the choices.
  private isClosing(): boolean {
    return this.options.includeUsage && this.usage() !== undefined && this.finished()
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

  private hearUsage(body: JsonObject.JsonObject): void {
    const usage = Usage.read(body)
    this.timings = Usage.readTimings(body) ?? this.timings
    if (usage === undefined) return
    this.lastUsage = Usage.merge(this.lastUsage, usage)
    const isOurs = JsonObject.listOf(body["choices"]).length === 0
    if (this.options.passUsage && !isOurs) this.passed = { usage: this.usage() }
  }

  private envelopeOf(id: unknown, created: unknown, model: unknown): Envelope {
    const time = Math.trunc(JsonObject.number(created) ?? 0)
    return {
      id: JsonObject.text(id) ?? this.options.id,
      created: isTime(time) ? time : this.options.created,
      model: JsonObject.text(model) ?? this.options.model
    }
  }

  // False for a choice that is numbered beyond all reason. Those without a number are in order.
  private repairChoice(value: JsonObject.JsonObject, position: number, into: Array<ChoiceRepair.Repaired>): boolean {
    const index = WireIndex.of(value["index"]) ?? position
    if (index >= mostChoices) return false
    for (let lower = this.choices.length; lower < index; lower++) this.choiceAt(lower)
    const own = this.choiceAt(index).push(this.shorten === undefined ? value : this.shorten(value))
    if (own === undefined) return true
    // Clients want choice 0 to start before choice 1, and so on.
    for (; this.begun < index; this.begun++) add(into, this.choiceAt(this.begun).push({}))
    if (this.begun === index) this.begun++
    into.push(own)
    return true
  }

  private choiceAt(index: number): ChoiceRepair.ChoiceRepair {
    const { id, prefix } = this.options
    return (this.choices[index] ??= this.shape.choice(index, prefix, (call) => `call_${id}_${index}_${call}`))
  }

  private chunkOf(list: ReadonlyArray<JsonObject.JsonObject>, extras: JsonObject.JsonObject): JsonObject.JsonObject {
    const { created, id, model } = (this.envelope ??= this.options)
    return { id, object: this.shape.chunk, created, model, ...extras, choices: list }
  }

  private finish(): Step {
    if (!this.finished()) {
      const blocked = this.choices.length === 0 ? ReportedError.ofEmpty(this.carried) : undefined
      return blocked === undefined ? this.breakOff("the stream ended before its answer did") : this.failed(blocked)
    }
    this.ended = true
    const ends = this.choices.flatMap((choice) => choice.end())
    const beside = this.takeCarried()
    const passed = this.takePassed()
    const chunks = ends.map((choice, position) =>
      this.chunkOf([choice], position === ends.length - 1 ? { ...beside, ...passed } : beside)
    )
    const usage = this.usage()
    if (this.options.includeUsage && usage !== undefined)
      chunks.push(Object.assign(this.chunkOf([], this.closing), { usage }))
    return { chunks: chunks.map((chunk) => AnswerChunk.make(chunk, true)), end: StreamEnd.Finished() }
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

/** An answer has fewer choices than this; all of them have begun before the last one may. */
const mostChoices = 65_536

const add = (into: Array<ChoiceRepair.Repaired>, repaired: ChoiceRepair.Repaired | undefined): void => {
  if (repaired !== undefined) into.push(repaired)
}

const none: ReadonlyArray<AnswerChunk.AnswerChunk> = []

const nothing: Step = { chunks: none, end: undefined }

const after = (chunks: ReadonlyArray<AnswerChunk.AnswerChunk>, { chunks: more, end }: Step): Step => ({
  chunks: chunks.length === 0 ? more : [...chunks, ...more],
  end
})

// A fingerprint is a text to all clients, or missing.
const known = (body: JsonObject.JsonObject): JsonObject.JsonObject => {
  const { system_fingerprint: fingerprint, ...rest } = body
  return fingerprint === undefined || typeof fingerprint === "string" ? body : rest
}

// Whether a choice says that its backend gave it up.
const isBrokenOff = ({ error, finish_reason, finishReason }: JsonObject.JsonObject): boolean =>
  ReportedError.isError(error) || FinishReason.decode(finish_reason ?? finishReason) === "broken"

const brokenOff = ({ error, finish_reason, finishReason }: JsonObject.JsonObject): ReportedError.ReportedError => {
  if (ReportedError.isError(error)) return ReportedError.of({ error })
  const word = FinishReason.word(finish_reason ?? finishReason)
  const broke = "The model provider broke the answer off"
  // The word itself says nothing else.
  const said = word === "error" ? { message: `${broke}.` } : { message: `${broke}: ${word}.`, code: word }
  return { status: 502, error: ErrorBody.fromValue(said, 502) }
}

const isTime = (seconds: number): boolean => seconds > 0 && Number.isSafeInteger(seconds)

const noRoom: ReportedError.ReportedError = {
  status: 503,
  error: ErrorBody.fromValue({ message: "the answer has no choices", code: ErrorBody.noCapacity }, 503)
}
