import * as Option from "effect/Option"
import * as Accumulator from "../../src/domain/chat/answer/Accumulator.js"
import type { AnswerChunk } from "../../src/domain/chat/answer/AnswerChunk.js"
import * as AnswerRepair from "../../src/domain/chat/answer/AnswerRepair.js"
import type * as JsonObject from "../../src/domain/json/JsonObject.js"
import { RelayEnd } from "../../src/domain/failure/Outcome.js"
import * as SseEvents from "../../src/domain/wire/SseEvents.js"
import { encoder } from "../../src/domain/protocol/OpenAiAnswer.js"
import * as ChunkStage from "../../src/upstream/attempt/ChunkStage.js"
import * as Utf8 from "../../src/flow/Utf8.js"
import { BodyLost } from "../../src/upstream/UpstreamHead.js"

/** What became of an answer. */
export interface Passed {
  /** What the caller of a stream gets. */
  readonly text: string
  /** What it adds up to, as the caller of a whole answer gets it. */
  readonly body: JsonObject.JsonObject | undefined
  /** Every end that was told of; it should be one. */
  readonly ends: ReadonlyArray<AnswerRepair.StreamEnd>
  /** The longest event that was held, in characters. */
  readonly longest: number
}

/** Takes the bytes of a stream from the backend to the caller, as the gateway does, piece by piece. */
export const stream = (pieces: ReadonlyArray<Uint8Array>, options: AnswerRepair.Options, limit?: number): Passed => {
  const utf8 = Utf8.make()
  const decoder = SseEvents.make(limit)
  const repair = AnswerRepair.make(options)
  const steps: Array<AnswerRepair.Step> = []
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
export const whole = (body: JsonObject.JsonObject, options: AnswerRepair.Options): Passed => {
  const repair = AnswerRepair.make(options)
  const step = repair.pushWhole(body)
  return passedSteps([step, repair.end()], repair, options)
}

/** The same for the bytes of a response with this content type, whose connection may break at its end. */
export const answer = (
  pieces: ReadonlyArray<Uint8Array>,
  type: string,
  lost: boolean,
  options: AnswerRepair.Options
): Passed => {
  const repair = AnswerRepair.make(options)
  const stage = ChunkStage.of(
    { headers: { "content-type": type } },
    { repair, decoder: undefined, takeWhole: undefined }
  )
  const chunks: Array<AnswerChunk> = []
  let end: Option.Option<ChunkStage.Failure> | undefined
  for (const piece of pieces) {
    if (end !== undefined) break
    const step = stage.push(piece)
    chunks.push(...step.values)
    end = step.end
  }
  if (end === undefined) {
    const last = stage.end(lost ? Option.some(new BodyLost({ cause: new Error("reset") })) : Option.none())
    chunks.push(...last.values)
    end = last.end
  }
  return passed(chunks, [streamEnd(end)], repair, options)
}

const streamEnd = (end: Option.Option<ChunkStage.Failure>): AnswerRepair.StreamEnd => {
  if (Option.isNone(end)) return AnswerRepair.StreamEnd.Finished()
  if (end.value._tag === "UpstreamErrored") return AnswerRepair.StreamEnd.Errored({ ...end.value })
  return AnswerRepair.StreamEnd.Truncated({ reason: end.value.message })
}

// What is left of a stream that could not be read on is nothing, unless it had ended before.
const overflow = (repair: AnswerRepair.AnswerRepair): AnswerRepair.Step => {
  const { end } = repair.end()
  return {
    chunks: [],
    end: end === undefined ? undefined : AnswerRepair.StreamEnd.Truncated({ reason: "an event was too large" })
  }
}

const passedSteps = (
  steps: ReadonlyArray<AnswerRepair.Step>,
  repair: AnswerRepair.AnswerRepair,
  options: AnswerRepair.Options
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
  chunks: ReadonlyArray<AnswerChunk>,
  ends: ReadonlyArray<AnswerRepair.StreamEnd>,
  repair: AnswerRepair.AnswerRepair,
  { operation }: AnswerRepair.Options
): Passed => {
  const accumulator = Accumulator.make(operation)
  for (const chunk of chunks) accumulator.push(chunk)
  const [end] = ends
  const last = end === undefined ? "" : lastFrame(end)
  const body = accumulator.result(repair.usage())
  return { text: chunks.map((chunk) => chunk.wire()).join("") + last, body, ends, longest: 0 }
}

const lastFrame = (end: AnswerRepair.StreamEnd): string => {
  switch (end._tag) {
    case "Finished":
      return SseEvents.done
    case "Errored":
      return encoder.end(RelayEnd.UpstreamErrored({ status: end.status, error: end.error }))
    case "Truncated":
      return encoder.end(RelayEnd.UpstreamBroke({ reason: end.reason }))
  }
}
