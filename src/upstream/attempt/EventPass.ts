import * as Option from "effect/Option"
import { UpstreamBroke, UpstreamErrored } from "../../domain/failure/AnswerFailure.js"
import { reasonOf } from "../../domain/failure/Failure.js"
import * as ReportedError from "../../domain/failure/ReportedError.js"
import * as JsonObject from "../../domain/json/JsonObject.js"
import type { MediaOperation } from "../../domain/operation/MediaOperation.js"
import * as SseEvents from "../../domain/wire/SseEvents.js"
import type { Ending, Stage, Step } from "../../flow/Source.js"
import * as Utf8 from "../../flow/Utf8.js"
import type { BodyFailure, BodyLate } from "../UpstreamHead.js"

/** How the events of an answer may end but well. */
export type Failure = UpstreamBroke | UpstreamErrored | BodyLate

/**
 * Passes the events of an answer on as they come, each when it is whole, and ends well only after one that is a last one;
 * an error among them is its end.
 */
export class EventPass implements Stage<Uint8Array, BodyFailure, Uint8Array, Failure> {
  private readonly utf8 = Utf8.make()
  private readonly events = SseEvents.make()
  private lastEvent: JsonObject.JsonObject | undefined = undefined

  constructor(private readonly operation: MediaOperation) {}

  /** The last event, once it has come. */
  last(): JsonObject.JsonObject | undefined {
    return this.lastEvent
  }

  push(bytes: Uint8Array): Step<Uint8Array, Failure> {
    return this.passed(this.events.push(this.utf8.decode(bytes)))
  }

  end(how: Option.Option<BodyFailure>): Ending<Uint8Array, Failure> {
    if (Option.isSome(how)) {
      // A complete answer needs no goodbye.
      if (this.lastEvent !== undefined) return { values: [], end: Option.none() }
      const failure = how.value
      return { values: [], end: failure._tag === "BodyLate" ? Option.some(failure) : broke(reasonOf(failure.cause)) }
    }
    const step = this.passed([...this.events.push(this.utf8.end()), ...this.events.end()])
    if (step.end !== undefined) return step
    const [name] = this.operation.last
    const end = this.lastEvent === undefined ? broke(`the stream ended before its ${name}`) : Option.none<Failure>()
    return { values: step.values, end }
  }

  private passed(events: ReadonlyArray<SseEvents.SseEvent>): Step<Uint8Array, Failure> {
    const values: Array<Uint8Array> = []
    for (const event of events) {
      const body = Option.getOrUndefined(JsonObject.parse(event.data))
      const reported = errorIn(event, body)
      if (reported !== undefined) return { values, end: Option.some(new UpstreamErrored(reported)) }
      const type = (body === undefined ? undefined : JsonObject.text(body["type"])) ?? event.event
      if (body !== undefined && type !== undefined && this.operation.last.includes(type)) this.lastEvent = body
      values.push(Buffer.from(written(event)))
    }
    return { values, end: this.events.overflowed() ? broke("an event was too large") : undefined }
  }
}

const errorIn = (
  { data, event }: SseEvents.SseEvent,
  body: JsonObject.JsonObject | undefined
): ReportedError.ReportedError | undefined => {
  if (ReportedError.isCalledError(event)) return ReportedError.of(body ?? data)
  return body === undefined ? undefined : ReportedError.inAnswer(body, true, true)
}

const written = ({ data, event }: SseEvents.SseEvent): string => {
  const lines = data.includes("\n") ? data.replaceAll("\n", "\ndata: ") : data
  return `${event === undefined || event === "" ? "" : `event: ${event}\n`}${SseEvents.framed(lines)}`
}

const broke = (reason: string): Option.Option<Failure> => Option.some(new UpstreamBroke({ reason }))
