import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as HashSet from "effect/HashSet"
import * as ConfigRef from "../config/ConfigRef.js"
import type { GatewayFailure } from "../domain/Failure.js"
import { Draining } from "../domain/Failure.js"
import type { ServerSettings } from "../domain/GatewayConfig.js"
import * as Journal from "../domain/Journal.js"
import { RelayEnd } from "../domain/Outcome.js"
import type { Crashed, Outcome } from "../domain/Outcome.js"
import type { RequestRecord } from "../domain/RequestRecord.js"
import * as WireError from "../domain/WireError.js"
import * as AccessLog from "../log/AccessLog.js"
import { RequestLog } from "../log/RequestLog.js"
import * as ResponseSink from "../upstream/ResponseSink.js"
import { Drain, drainFiberId } from "./Drain.js"

/** The caller's side of one exchange: a sink that the drain can cut. */
export interface CallerSink extends ResponseSink.ResponseSink {
  /** Tells the listener to come to an end now. */
  cut(): void
  /** Breaks off what has begun, so that the caller cannot take it for whole; false when nothing has. */
  breakOff(): boolean
}

/** A request that has come in. */
export interface Arrival {
  /** Who asks. */
  readonly caller: (settings: ServerSettings) => Pick<Journal.Journal, "id" | "kind" | "ip" | "caller" | "headers">
  /** Where the answer goes. */
  readonly sink: (journal: Journal.Journal, settings: ServerSettings, isDraining: () => boolean) => CallerSink
}

/** What is known while an exchange runs. */
export interface Exchange {
  readonly journal: Journal.Journal
  readonly clock: Clock.Clock
  /** The configuration that the exchange keeps to its end. */
  readonly snapshot: ConfigRef.Snapshot
  /** To be run before the caller can see that its answer has ended: under `log.durability: sync` it writes the record. */
  readonly beforeEnd: ((presumed: Outcome) => Effect.Effect<void>) | undefined
  /** Has something done when the exchange ends, before it is recorded, and what it returns: what was given last comes first. */
  readonly atEnd: (last: Last) => void
}

/** What is left to do at the end; most of it needs no effect. */
export type Last = () => Effect.Effect<void> | void

/** The services of every exchange. */
export type Services = RequestLog | ConfigRef.ConfigRef | Drain

/** Obtains an answer; it can be interrupted and can fail. */
export type Forward<A, R> = (exchange: Exchange) => Effect.Effect<A, GatewayFailure, R>

/** Moves an answer to the caller; it can do neither. */
export type Relay<A, R> = (
  exchange: Exchange,
  held: A,
  sink: ResponseSink.ResponseSink
) => Effect.Effect<RelayEnd, never, R>

/**
 * Runs one exchange to its true end and records it, whatever happens: the only place where a {@link GatewayFailure} is
 * answered, and the only one that records. Interrupting it before the commit tells that the caller has left.
 */
export const run = <A, R, R2>(
  arrival: Arrival,
  forward: Forward<A, R>,
  relay: Relay<A, R2>
): Effect.Effect<Outcome, never, R | R2 | Services> =>
  Effect.uninterruptible(
    Effect.withFiberRuntime<Outcome, never, R | R2 | Services>((fiber) => runOn(fiber, arrival, forward, relay))
  )

// A generator of its own for each exchange would be kept, with all that it sees, until the next full collection.
const runOn = Effect.fnUntraced(function* <A, R, R2>(
  fiber: Fiber.RuntimeFiber<Outcome>,
  arrival: Arrival,
  forward: Forward<A, R>,
  relay: Relay<A, R2>
) {
  const services = yield* Effect.context<Services>()
  const log = Context.get(services, RequestLog)
  const drain = Context.get(services, Drain)
  const clock = Context.get(fiber.currentDefaultServices, Clock.Clock)
  const snapshot = yield* Context.get(services, ConfigRef.ConfigRef).current
  const { server } = snapshot.config
  const journal = Journal.open(arrival.caller(server), clock.unsafeCurrentTimeMillis())
  const sink = arrival.sink(journal, server, drain.isDraining)
  let early: RequestRecord | undefined
  const close = (outcome: Outcome) => Journal.close(journal, outcome, clock.unsafeCurrentTimeMillis())
  const synced = snapshot.config.log.durability === "sync"
  const writeEarly = (presumed: Outcome) => Effect.suspend(() => log.record((early ??= close(presumed)), true))
  const beforeEnd = synced ? writeEarly : undefined
  const ends: Array<Last> = []
  const exchange: Exchange = { journal, clock, snapshot, beforeEnd, atEnd: (last) => void ends.push(last) }
  let cut = () => fiber.unsafeInterruptAsFork(drainFiberId)
  const leave = drain.enter(() => cut())

  let leaveLine = () => {}
  const begin = Effect.suspend(() => forward(exchange))
  const admit = () => {
    const waiting = drain.admit(server.maxInFlight, server.queue, (leave) => (leaveLine = leave))
    return waiting === undefined ? begin : Effect.zipRight(waiting, begin)
  }
  const begun = drain.isDraining() ? new Draining() : admit()
  const exit = yield* Effect.exit(Effect.interruptible(begun))
  cut = () => sink.cut()
  const relayed: Exit.Exit<RelayEnd, GatewayFailure> = Exit.isSuccess(exit)
    ? yield* Effect.exit(relay(exchange, exit.value, sink))
    : Exit.failCause(exit.cause)
  for (const last of ends.reverse()) {
    const more = runLast(last)
    if (more !== undefined) yield* Effect.exit(more)
  }
  const outcome = Exit.isSuccess(relayed) ? relayed.value : yield* refuse(exchange, withoutAnswer(relayed.cause), sink)

  const record = close(outcome)
  if (early === undefined) yield* log.record(record, synced)
  else if (early.Outcome !== record.Outcome) yield* log.record({ ...record, amends: true }, synced)
  AccessLog.write(record, fiber, clock.unsafeCurrentTimeMillis())
  leaveLine()
  leave()
  return outcome
})

// Whatever fails to end must not cost the record.
const runLast = (last: Last): Effect.Effect<void> | void => {
  try {
    return last()
  } catch (defect) {
    return Effect.logError("An exchange did not end as it should", defect)
  }
}

/** The outcome of an exchange that ended without one of its answer: before the commit, or by a defect. */
const withoutAnswer = (cause: Cause.Cause<GatewayFailure>): Outcome => {
  const failure = Cause.failureOption(cause)
  if (failure._tag === "Some") return failure.value
  if (!Cause.isInterruptedOnly(cause)) return crashed(Cause.squash(cause))
  return HashSet.has(Cause.interruptors(cause), drainFiberId) ? RelayEnd.CutByDrain() : RelayEnd.CallerLeft()
}

const crashed = (defect: unknown): Crashed => ({ _tag: "Crashed", defect })

// Sends the error response of an outcome that has one; the outcome stays what it was, whoever reads it.
const refuse = ({ beforeEnd, journal }: Exchange, outcome: Outcome, sink: CallerSink): Effect.Effect<Outcome> =>
  Effect.suspend(() => {
    const error = wireError(outcome)
    if (sink.breakOff()) return Effect.succeed(outcome)
    if (error !== undefined) journal.status = error.status
    const send = Effect.async<Outcome>((resume) => {
      const ended = () => resume(Effect.succeed(outcome))
      if (error === undefined) sink.end("", ended)
      else ResponseSink.sendJson(sink, error.status, error.headers, JSON.stringify({ error: error.error }), ended)
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
