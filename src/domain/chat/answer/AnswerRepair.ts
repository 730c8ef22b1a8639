import * as Data from "effect/Data"
import * as Option from "effect/Option"
import * as AnswerChunk from "./AnswerChunk.js"
import * as AnswerShape from "./AnswerShape.js"
import type * as ChoiceRepair from "./ChoiceRepair.js"
import * as ErrorBody from "../../failure/ErrorBody.js"
import * as ReportedError from "../../failure/ReportedError.js"
import * as GrowingText from "../../text/GrowingText.js"
import * as JsonObject from "../../json/JsonObject.js"
import type { Operation } from "../../operation/Operation.js"
import * as RepeatedEvent from "./RepeatedEvent.js"
import * as SseEvents from "../../wire/SseEvents.js"
import * as Usage from "./Usage.js"
import * as WholeAnswer from "./WholeAnswer.js"

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
  /** How many events could not be read and were skipped. */
  malformed(): number
}

/** What the repair needs to know of the exchange; `id`, `model` and `created` (Unix seconds) serve where upstream's are missing. */
export interface Options {
  readonly operation: Operation
  readonly id: string
  readonly model: string
  readonly created: number
  readonly prefix: string
  readonly includeUsage: boolean
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
  private envelope: Envelope | undefined = undefined
  private carried: Record<string, unknown> = {}
  private lastUsage: JsonObject.JsonObject | undefined = undefined
  private unreadable = 0
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
    const body = Option.getOrUndefined(JsonObject.parse(text))
    const reported = body === undefined ? ReportedError.inText(text) : undefined
    if (reported !== undefined) return this.failed(reported)
    const step = body === undefined ? nothing : this.pushBody(body)
    this.repeated?.learn(text, isOneLine ? step.chunks : [])
    if (body === undefined) this.unreadable++
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
      finish_reason: JsonObject.text(choice["finish_reason"]) ?? "stop"
    }))
    const step = this.pushBody(list.length === 0 ? body : { ...body, choices: whole })
    if (step.end !== undefined) return step
    // What some backends answer when they have no room.
    if (list.length === 0) return this.failed(ReportedError.ofEmpty(body) ?? noRoom)
    const last = this.finish()
    return { ...last, chunks: [...step.chunks, ...last.chunks] }
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
    return this.lastUsage
  }

  malformed(): number {
    return this.unreadable
  }

  private pushBody(body: JsonObject.JsonObject): Step {
    const { id, object: _, created, model, choices: rawChoices, usage: __, error: ___, obfuscation, ...extras } = body
    const reported = ReportedError.inAnswer(body)
    if (reported !== undefined) return this.failed(reported)
    const list = JsonObject.listOf(rawChoices)
    if (list.some((choice) => JsonObject.orEmpty(choice)["finish_reason"] === "error"))
      return this.failed({ status: 502, error: ErrorBody.fromValue({}, 502) })
    this.lastUsage = Usage.find(body) ?? this.lastUsage
    const repaired: Array<ChoiceRepair.Repaired> = []
    for (const choice of list) this.repairChoice(choice, repaired)
    if (repaired.length === 0) {
      this.carry(extras)
      return nothing
    }
    this.envelope ??= {
      id: JsonObject.text(id) ?? this.options.id,
      created: typeof created === "number" && isTime(Math.trunc(created)) ? Math.trunc(created) : this.options.created,
      model: JsonObject.text(model) ?? this.options.model
    }
    const padding = obfuscation === undefined ? {} : { obfuscation }
    const chunk = this.chunkOf(
      repaired.map(({ choice }) => choice),
      { ...this.carried, ...extras, ...padding }
    )
    this.carried = {}
    const content = repaired.some((each) => each.content)
    return { chunks: [AnswerChunk.make(chunk, content)], end: undefined }
  }

  // What comes without a choice goes with the next chunk that has one; event by event, so nothing is copied.
  private carry(extras: JsonObject.JsonObject): void {
    for (const [key, value] of Object.entries(JsonObject.withoutNulls(extras))) {
      if (key !== "__proto__") this.carried[key] = value
    }
  }

  private repairChoice(value: unknown, into: Array<ChoiceRepair.Repaired>): void {
    if (!JsonObject.is(value)) return
    const index = Number.isSafeInteger(value["index"]) ? Number(value["index"]) : 0
    if (index < 0 || index >= WholeAnswer.maxChoices) return
    // Clients want choice 0 to start before choice 1, and so on.
    for (let lower = this.choices.length; lower < index; lower++) add(into, this.choiceAt(lower).push({}))
    add(into, this.choiceAt(index).push(this.shorten === undefined ? value : this.shorten(value)))
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
    this.ended = true
    if (!this.finished()) {
      const why = this.choices.length === 0 ? ReportedError.ofEmpty(this.carried) : undefined
      if (why !== undefined) return this.failed(why)
      return { ...nothing, end: StreamEnd.Truncated({ reason: "the stream ended before its answer did" }) }
    }
    const implied = this.choices.map((choice) => choice.impliedFinish()).filter((choice) => choice !== undefined)
    const chunks = implied.map((choice) => this.chunkOf([choice], {}))
    if (this.options.includeUsage && this.lastUsage !== undefined) {
      chunks.push(Object.assign(this.chunkOf([], this.carried), { usage: this.lastUsage }))
    }
    return { chunks: chunks.map((chunk) => AnswerChunk.make(chunk, true)), end: StreamEnd.Finished() }
  }

  private failed(reported: ReportedError.ReportedError): Step {
    this.ended = true
    return { ...nothing, end: StreamEnd.Errored(reported) }
  }
}

const add = (into: Array<ChoiceRepair.Repaired>, repaired: ChoiceRepair.Repaired | undefined): void => {
  if (repaired !== undefined) into.push(repaired)
}

const nothing: Step = { chunks: [], end: undefined }

const isTime = (seconds: number): boolean => seconds > 0 && Number.isSafeInteger(seconds)

const noRoom: ReportedError.ReportedError = {
  status: 503,
  error: ErrorBody.fromValue({ message: "the answer has no choices", code: ErrorBody.noCapacity }, 503)
}
