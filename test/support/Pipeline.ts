import * as Accumulator from "../../src/domain/chat/answer/Accumulator.js"
import * as ChatStream from "../../src/domain/chat/answer/ChatStream.js"
import type * as JsonObject from "../../src/domain/json/JsonObject.js"
import { RelayEnd } from "../../src/domain/failure/Outcome.js"
import * as SseEvents from "../../src/domain/wire/SseEvents.js"
import * as WireError from "../../src/domain/failure/WireError.js"
import * as AnswerChunks from "../../src/upstream/attempt/AnswerChunks.js"
import * as Utf8 from "../../src/flow/Utf8.js"
import type { BodyListener } from "../../src/upstream/UpstreamCall.js"

/** What became of an answer. */
export interface Passed {
  /** What the caller of a stream gets. */
  readonly text: string
  /** What it adds up to, as the caller of a whole answer gets it. */
  readonly body: JsonObject.JsonObject | undefined
  /** Every end that was told of; it should be one. */
  readonly ends: ReadonlyArray<ChatStream.StreamEnd>
  /** The longest event that was held, in characters. */
  readonly longest: number
}

/** Takes the bytes of a stream from the backend to the caller, as the gateway does, piece by piece. */
export const stream = (pieces: ReadonlyArray<Uint8Array>, options: ChatStream.Options, limit?: number): Passed => {
  const utf8 = Utf8.make()
  const decoder = SseEvents.make(limit)
  const repair = ChatStream.make(options)
  const steps: Array<ChatStream.Step> = []
  let longest = 0
  const take = (events: ReadonlyArray<SseEvents.SseEvent>) => {
    for (const event of events) {
      longest = Math.max(longest, event.data.length)
      steps.push(repair.push(event))
    }
  }
  for (const piece of pieces) take(decoder.push(utf8.decode(piece)))
  take([...decoder.push(utf8.end()), ...decoder.end()])
  steps.push(decoder.overflowed() ? overflow(repair) : repair.end())
  return { ...passedSteps(steps, repair, options), longest }
}

/** The same for a body that holds a whole answer. */
export const whole = (body: JsonObject.JsonObject, options: ChatStream.Options): Passed => {
  const repair = ChatStream.make(options)
  const step = repair.pushWhole(body)
  return passedSteps([step, repair.end()], repair, options)
}

/** The same for the bytes of a response with this content type, whose connection may break at its end. */
export const answer = (
  pieces: ReadonlyArray<Uint8Array>,
  type: string,
  lost: boolean,
  options: ChatStream.Options
): Passed => {
  const listeners: Array<BodyListener> = []
  const body = { listen: (listener: BodyListener) => listeners.push(listener), pause: () => {}, resume: () => {} }
  const repair = ChatStream.make(options)
  const chunks: Array<JsonObject.JsonObject> = []
  const ends: Array<ChatStream.StreamEnd> = []
  const read = AnswerChunks.make({ status: 200, headers: { "content-type": type }, body }, repair, "stream")
  read.listen({
    onChunks: (more) => chunks.push(...more),
    onRepeated: (said) => chunks.push(said.chunk()),
    onEnd: (end) => ends.push(end)
  })
  for (const listener of listeners) {
    for (const piece of pieces) listener.onData(piece)
    if (lost) listener.onLost(new Error("reset"))
    else listener.onEnd()
  }
  return passed(chunks, ends, repair, options)
}

// What is left of a stream that could not be read on is nothing, unless it had ended before.
const overflow = (repair: ChatStream.ChatStream): ChatStream.Step => {
  const { end } = repair.end()
  return {
    chunks: [],
    content: false,
    end: end === undefined ? undefined : ChatStream.StreamEnd.Truncated({ reason: "an event was too large" })
  }
}

const passedSteps = (
  steps: ReadonlyArray<ChatStream.Step>,
  repair: ChatStream.ChatStream,
  options: ChatStream.Options
): Passed => {
  const ends = steps.map((step) => step.end).filter((end) => end !== undefined)
  return passed(
    steps.flatMap((step) => step.chunks),
    ends,
    repair,
    options
  )
}

const passed = (
  chunks: ReadonlyArray<JsonObject.JsonObject>,
  ends: ReadonlyArray<ChatStream.StreamEnd>,
  repair: ChatStream.ChatStream,
  { kind }: ChatStream.Options
): Passed => {
  const accumulator = Accumulator.make(kind)
  for (const chunk of chunks) accumulator.push(chunk)
  const [end] = ends
  const last = end === undefined ? "" : lastFrame(end)
  const body = accumulator.result(repair.usage())
  return { text: chunks.map(SseEvents.frame).join("") + last, body, ends, longest: 0 }
}

const lastFrame = (end: ChatStream.StreamEnd): string => {
  switch (end._tag) {
    case "Finished":
      return SseEvents.done
    case "Errored":
      return WireError.frame(RelayEnd.UpstreamErrored({ status: end.status, error: end.error })) ?? ""
    case "Truncated":
      return WireError.frame(RelayEnd.UpstreamBroke({ reason: end.reason })) ?? ""
  }
}
