import { IncomingMessage } from "node:http"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import * as Alarm from "../flow/Alarm.js"
import * as CallerConnection from "./CallerConnection.js"

/** So long a compression of the host's may take for the last piece, in ms. */
const passedOn = 100

/**
 * Closes the connection behind a request, after what was sent on it. Effect's server on Node ends a body whose Stream has
 * failed as if it were whole; elsewhere a failure is told as one, and this does nothing.
 */
export const hangUp = ({ source }: HttpServerRequest.HttpServerRequest): Effect.Effect<void> =>
  source instanceof IncomingMessage
    ? Effect.async((resume) => {
        const alarm = Alarm.make()
        alarm.set(passedOn, () => resume(Effect.sync(() => source.socket.destroySoon())))
        return Effect.sync(() => alarm.clear())
      })
    : Effect.void

/**
 * Hears of the end of the connection behind a request; the result hears no more. Node tells it only to the first of the
 * requests that were sent behind each other, so Effect's server interrupts no other; elsewhere there is nothing to add.
 */
export const watch = (
  { source }: HttpServerRequest.HttpServerRequest,
  who: CallerConnection.Departing
): (() => void) => {
  if (!(source instanceof IncomingMessage)) return () => {}
  const connection = CallerConnection.of(source.socket)
  connection.watch(who)
  return () => connection.unwatch(who)
}
