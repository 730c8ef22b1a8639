import { IncomingMessage } from "node:http"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import * as Alarm from "../flow/Alarm.js"
import * as CallerConnection from "./CallerConnection.js"

/** So long the last piece of a body may take to be read or compressed by what the host has around it, in ms. */
const passedOn = 100

/**
 * Leaves time for what was sent and closes the connection behind a request, where there is one. Effect's server on Node
 * ends a body whose Stream has failed as if it were whole; on the web the failure is told as one, but what was not read
 * by then is lost.
 */
export const hangUp = ({ source }: HttpServerRequest.HttpServerRequest): Effect.Effect<void> =>
  Effect.async((resume) => {
    const alarm = Alarm.make()
    alarm.set(passedOn, () => {
      if (source instanceof IncomingMessage) source.socket.destroySoon()
      resume(Effect.void)
    })
    return Effect.sync(() => alarm.clear())
  })

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
