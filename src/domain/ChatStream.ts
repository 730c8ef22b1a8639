import * as Data from "effect/Data"
import * as Option from "effect/Option"
import * as ChoiceRepair from "./ChoiceRepair.js"
import * as ErrorBody from "./ErrorBody.js"
import * as GrowingText from "./GrowingText.js"
import * as JsonObject from "./JsonObject.js"
import * as RepeatedEvent from "./RepeatedEvent.js"
import * as SseEvents from "./SseEvents.js"
import * as Usage from "./Usage.js"

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
  /** Chunks for the caller, each true to the contract. */
  readonly chunks: ReadonlyArray<JsonObject.JsonObject>
  /** Whether they carry something of the answer, so that it is time to commit. */
  readonly content: boolean
  /** Set once, when the stream is over; nothing counts after it. */
  readonly end: StreamEnd | undefined
}

/** Repairs one stream, chat or legacy: upstream events in, contract-true chunks out. */
export interface ChatStream {
  readonly push: (event: SseEvents.SseEvent) => Step
  /** What becomes of a piece of the stream's text that only repeats, event for event, what came before it. */
  readonly recall: (piece: string) => RepeatedEvent.Repetition | undefined
  /** A parsed body that holds a whole answer, taken as the only event of a stream. */
  readonly pushWhole: (body: JsonObject.JsonObject) => Step
  /** The end of the upstream's bytes. */
  readonly end: () => Step
  /** Whether every choice has finished, though usage may still come. */
  readonly finished: () => boolean
  /** The usage reported last, with its counts completed. */
  readonly usage: () => JsonObject.JsonObject | undefined
  /** How many events could not be read and were skipped. */
  readonly malformed: () => number
}

/** What the repair needs to know of the exchange; `id`, `model` and `created` (Unix seconds) serve where upstream's are missing. */
export interface Options {
  readonly kind: "chat" | "completion"
  readonly id: string
  readonly model: string
  readonly created: number
  readonly prefix: string
  readonly includeUsage: boolean
  /** Whether each text of the backend repeats all that came before it. */
  readonly cumulative: boolean
}

/** No client accepts more choices in one answer. */
const maxChoices = 128

/** The repair of one stream. */
export const make = (options: Options): ChatStream => {
  const object = options.kind === "chat" ? "chat.completion.chunk" : "text_completion"
  const choices: Array<ChoiceRepair.ChoiceRepair> = []
  const shorten = options.cumulative ? GrowingText.make() : undefined
  const repeated = options.cumulative ? undefined : RepeatedEvent.make()
  let envelope: { readonly id: string; readonly created: number; readonly model: string } | undefined
  let carried: JsonObject.JsonObject = {}
  let usage: JsonObject.JsonObject | undefined
  let malformed = 0
  let ended = false

  const choiceAt = (index: number): ChoiceRepair.ChoiceRepair =>
    (choices[index] ??=
      options.kind === "chat"
        ? ChoiceRepair.chat(index, options.prefix, (call) => `call_${options.id}_${index}_${call}`)
        : ChoiceRepair.text(index, options.prefix))

  // Clients want choice 0 to start before choice 1, and so on.
  const startLower = (index: number): ReadonlyArray<ChoiceRepair.Repaired> => {
    const started: Array<ChoiceRepair.Repaired> = []
    for (let lower = choices.length; lower < index; lower++) {
      const repaired = choiceAt(lower).push({})
      if (repaired !== undefined) started.push(repaired)
    }
    return started
  }

  const repairChoice = (value: unknown): ReadonlyArray<ChoiceRepair.Repaired> => {
    if (!JsonObject.is(value)) return []
    const index = Number.isSafeInteger(value["index"]) ? Number(value["index"]) : 0
    if (index < 0 || index >= maxChoices) return []
    const lower = startLower(index)
    const repaired = choiceAt(index).push(shorten === undefined ? value : shorten(value))
    return repaired === undefined ? lower : [...lower, repaired]
  }

  const chunkOf = (
    list: ReadonlyArray<JsonObject.JsonObject>,
    extras: JsonObject.JsonObject
  ): JsonObject.JsonObject => {
    envelope ??= { id: options.id, created: options.created, model: options.model }
    return { id: envelope.id, object, created: envelope.created, model: envelope.model, ...extras, choices: list }
  }

  const isFinished = () => choices.length > 0 && choices.every((choice) => choice.finished())

  const finish = (): Step => {
    ended = true
    if (!isFinished()) {
      return { ...nothing, end: StreamEnd.Truncated({ reason: "the stream ended before its answer did" }) }
    }
    const implied = choices.map((choice) => choice.impliedFinish()).filter((choice) => choice !== undefined)
    const chunks = implied.map((choice) => chunkOf([choice], {}))
    if (options.includeUsage && usage !== undefined) chunks.push(Object.assign(chunkOf([], carried), { usage }))
    return { chunks, content: chunks.length > 0, end: StreamEnd.Finished() }
  }

  const fail = (value: unknown, status: number): Step => {
    ended = true
    return { ...nothing, end: StreamEnd.Errored({ status, error: ErrorBody.fromValue(value, status) }) }
  }

  const pushBody = (body: JsonObject.JsonObject): Step => {
    const { id, object: _, created, model, choices: rawChoices, usage: __, error, obfuscation, ...extras } = body
    if (isTruthy(error)) return fail(body, statusOf(error))
    if (body["object"] === "error") return fail(body, statusOf(body))
    const list = JsonObject.listOf(rawChoices)
    if (list.some((choice) => JsonObject.orEmpty(choice)["finish_reason"] === "error")) return fail({}, 502)
    usage = Usage.find(body) ?? usage
    const repaired = list.flatMap(repairChoice)
    if (repaired.length === 0) {
      carried = { ...carried, ...JsonObject.withoutNulls(extras) }
      return nothing
    }
    envelope ??= {
      id: JsonObject.text(id) ?? options.id,
      created: typeof created === "number" && isTime(Math.trunc(created)) ? Math.trunc(created) : options.created,
      model: JsonObject.text(model) ?? options.model
    }
    const padding = obfuscation === undefined ? {} : { obfuscation }
    const chunk = chunkOf(
      repaired.map(({ choice }) => choice),
      { ...carried, ...extras, ...padding }
    )
    carried = {}
    return { chunks: [chunk], content: repaired.some(({ content }) => content), end: undefined }
  }

  return {
    push: ({ event, data }) => {
      if (ended) return nothing
      const text = data.trim()
      if (text === "[DONE]") return finish()
      if (event === "error") {
        const value = Option.getOrElse(JsonObject.parseValue(text), () => text)
        return fail(value, statusOf(value))
      }
      if (text === "" || text === '""' || event === "ping") return nothing
      const isOneLine = !text.includes("\n")
      const again = isOneLine ? repeated?.recall(SseEvents.framed(text)) : undefined
      if (again !== undefined) return { chunks: [again.chunk()], content: true, end: undefined }
      const body = Option.getOrUndefined(JsonObject.parse(text))
      const step = body === undefined ? nothing : pushBody(body)
      repeated?.learn(text, isOneLine ? step.chunks : [])
      if (body === undefined) malformed++
      return step
    },
    recall: (piece) => (ended ? undefined : repeated?.recall(piece)),
    pushWhole: (body) => {
      const list = JsonObject.listOf(body["choices"]).map(JsonObject.orEmpty)
      // A whole body is complete whatever its backend says of the reason.
      const whole = list.map((choice, position) => ({
        ...choice,
        index: choice["index"] ?? position,
        finish_reason: JsonObject.text(choice["finish_reason"]) ?? "stop"
      }))
      const step = pushBody(list.length === 0 ? body : { ...body, choices: whole })
      if (step.end !== undefined) return step
      // What some backends answer when they have no room.
      if (list.length === 0) return fail({ message: "the answer has no choices", code: ErrorBody.noCapacity }, 503)
      const last = finish()
      return { ...last, chunks: [...step.chunks, ...last.chunks], content: step.content }
    },
    end: () => (ended ? nothing : finish()),
    finished: isFinished,
    usage: () => usage,
    malformed: () => malformed
  }
}

const nothing: Step = { chunks: [], content: false, end: undefined }

const isTime = (seconds: number): boolean => seconds > 0 && Number.isSafeInteger(seconds)

const isTruthy = (value: unknown): boolean =>
  Boolean(value) && !(JsonObject.is(value) && Object.keys(value).length === 0)

// Several providers put the HTTP status into `code` or `status`.
const statusOf = (value: unknown): number => {
  const outer = JsonObject.orEmpty(value)
  const error = JsonObject.is(outer["error"]) ? outer["error"] : outer
  const said = [error["status"], error["status_code"], error["code"]].filter(isPlain)
  const status = said.map(Number).find((n) => Number.isInteger(n) && n >= 400 && n < 600)
  if (status !== undefined) return status
  const names = [error["type"], error["code"]].filter(isPlain).join(" ")
  return /rate_limit|resource_exhausted|too_many/i.test(names) ? 429 : 502
}

const isPlain = (value: unknown): value is string | number => typeof value === "string" || typeof value === "number"
