import * as Effect from "effect/Effect"
import type { Outcome } from "../domain/failure/Outcome.js"
import * as WireError from "../domain/failure/WireError.js"
import * as JsonText from "../domain/json/JsonText.js"
import type { ClientProtocol } from "../domain/protocol/ClientProtocol.js"
import type * as Journal from "../domain/record/Journal.js"
import type * as Delivery from "../relay/Delivery.js"
import type { CallerSink } from "../relay/ResponseSink.js"
import * as ResponseSink from "../relay/ResponseSink.js"

/** What is known of an exchange that ends without an answer. */
export interface Refused {
  readonly protocol: ClientProtocol
  readonly journal: Journal.Journal
  /** What may have begun before there was to be an answer. */
  readonly delivery: Delivery.Expecting | undefined
  /** To be run before the caller can see the end. */
  readonly beforeEnd: ((presumed: Outcome) => Effect.Effect<void>) | undefined
}

/** How long a caller may take to read why it is refused, in ms. */
const lastRead = 30_000

/** Sends the error response of an outcome that has one; the outcome stays what it was, whoever reads it. */
export const refuse = (
  { beforeEnd, delivery, journal, protocol }: Refused,
  outcome: Outcome,
  sink: CallerSink
): Effect.Effect<Outcome> =>
  Effect.suspend(() => {
    const error = wireError(outcome)
    const begun = delivery?.endEarly(error)
    if (begun === undefined && sink.breakOff()) return Effect.succeed(outcome)
    if (begun !== undefined) journal.status = 200
    else if (error !== undefined) journal.status = error.status
    const send = ResponseSink.untilTaken<Outcome>(sink, lastRead, (onEnded) => {
      const ended = () => onEnded(outcome)
      if (begun !== undefined) begun(ended)
      else if (error === undefined) sink.end("", ended)
      else ResponseSink.sendJson(sink, error.status, error.headers, JsonText.write(protocol.error(error)), ended)
    })
    return beforeEnd === undefined ? send : Effect.zipRight(beforeEnd(outcome), send)
  })

const wireError = (outcome: Outcome): WireError.WireError | undefined => {
  switch (outcome._tag) {
    case "CutByDrain":
      return WireError.drained
    case "Completed":
    case "CallerLeft":
    case "UpstreamBroke":
    case "UpstreamErrored":
    case "UpstreamStalled":
      return undefined
    default:
      return WireError.fromFailure(outcome)
  }
}
