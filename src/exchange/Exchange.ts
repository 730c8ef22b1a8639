import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as ConfigRef from "../config/ConfigRef.js"
import type { GatewayFailure } from "../domain/failure/Failure.js"
import { Draining } from "../domain/failure/Failure.js"
import type { ServerSettings } from "../domain/config/GatewayConfig.js"
import * as Journal from "../domain/record/Journal.js"
import type { Crashed, Outcome, RelayEnd } from "../domain/failure/Outcome.js"
import * as WireError from "../domain/failure/WireError.js"
import * as AccessLog from "../process/AccessLog.js"
import { RequestLog } from "../records/RequestLog.js"
import * as Alarm from "../flow/Alarm.js"
import type { ByteLease } from "../admission/ByteBudget.js"
import * as Departure from "../relay/Departure.js"
import * as ResponseSink from "../relay/ResponseSink.js"
import * as SteadyClock from "../flow/SteadyClock.js"
import * as Drain from "./Drain.js"
import { Recording } from "./Recording.js"

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
  readonly clock: SteadyClock.SteadyClock
  /** The configuration that the exchange keeps to its end. */
  readonly snapshot: ConfigRef.Snapshot
  /** The bytes that it holds in memory, of those that all exchanges may. */
  readonly bytes: ByteLease
  /** To be run before the caller can see that its answer has ended: under `log.durability: sync` it writes the record. */
  readonly beforeEnd: ((presumed: Outcome) => Effect.Effect<void>) | undefined
  /** Has something done when the exchange ends, before it is recorded: what was given last comes first. */
  readonly atEnd: (finalizer: Finalizer) => void
}

/** What is left to do at the end; most often nothing, so a scope would cost a short request some 3 % more. */
export type Finalizer = () => Effect.Effect<void> | undefined

/** The services of every exchange. */
export type Services = RequestLog | ConfigRef.ConfigRef | Drain.Drain

/** Reads the request; it can be interrupted and can fail, and holds no place of `server.max_in_flight`. */
export type Receive<Q, R> = (exchange: Exchange) => Effect.Effect<Q, GatewayFailure, R>

/** Obtains an answer; it can be interrupted and can fail. */
export type Forward<Q, A, R> = (exchange: Exchange, request: Q) => Effect.Effect<A, GatewayFailure, R>

/** Moves an answer to the caller; it can do neither. */
export type Relay<A, R> = (
  exchange: Exchange,
  held: A,
  sink: ResponseSink.ResponseSink
) => Effect.Effect<RelayEnd, never, R>

/** What an exchange consists of. */
export interface Phases<Q, A, R, R2, R3> {
  readonly receive: Receive<Q, R>
  readonly forward: Forward<Q, A, R2>
  readonly relay: Relay<A, R3>
}

/**
 * Runs one exchange to its true end and records it, whatever happens: the only place where a {@link GatewayFailure} is
 * answered, and the only one that records. A caller that leaves interrupts it until its answer has ended, and so may its fiber be.
 */
export const run = <Q, A, R, R2, R3>(
  arrival: Arrival,
  phases: Phases<Q, A, R, R2, R3>
): Effect.Effect<Outcome, never, R | R2 | R3 | Services> =>
  Effect.uninterruptible(
    Effect.withFiberRuntime<Outcome, never, R | R2 | R3 | Services>((fiber) => runOn(fiber, arrival, phases))
  )

// A generator of its own for each exchange would be kept, with all that it sees, until the next full collection.
const runOn = Effect.fnUntraced(function* <Q, A, R, R2, R3>(
  fiber: Fiber.RuntimeFiber<Outcome>,
  arrival: Arrival,
  phases: Phases<Q, A, R, R2, R3>
) {
  const services = yield* Effect.context<Services>()
  const drain = Context.get(services, Drain.Drain)
  const clock = SteadyClock.of(Context.get(fiber.currentDefaultServices, Clock.Clock))
  const snapshot = yield* Context.get(services, ConfigRef.ConfigRef).current
  const { log, server } = snapshot.config
  const journal = Journal.open(arrival.caller(server), clock.now(), clock.date())
  const sink = arrival.sink(journal, server, drain.isDraining)
  const synced = log.durability === "sync"
  const recording = new Recording(Context.get(services, RequestLog), journal, clock, synced)
  const lease = drain.enter(server, { cut: () => sink.cut(), letGo: recording.letGo })
  const finalizers: Array<Finalizer> = []
  const exchange: Exchange = {
    journal,
    clock,
    snapshot,
    bytes: lease.bytes,
    beforeEnd: recording.beforeEnd(),
    atEnd: (finalizer) => void finalizers.push(finalizer)
  }
  sink.listen(new Interrupting(fiber))
  return yield* Effect.ensuring(
    conduct(phases, { drain, exchange, fiber, finalizers, lease, recording, sink }),
    Effect.sync(lease.release)
  )
})

/** Whoever ends the exchange from outside interrupts it, where it can be. */
class Interrupting implements ResponseSink.SinkListener {
  constructor(private readonly fiber: Fiber.RuntimeFiber<Outcome>) {}

  onLeft(): void {
    this.fiber.unsafeInterruptAsFork(Departure.callerLeft)
  }

  onCut(): void {
    this.fiber.unsafeInterruptAsFork(Departure.cutByDrain)
  }
}

/** What an exchange is conducted with. */
interface Conduct {
  readonly drain: Context.Tag.Service<Drain.Drain>
  readonly exchange: Exchange
  readonly fiber: Fiber.RuntimeFiber<Outcome>
  readonly finalizers: Array<Finalizer>
  readonly lease: Drain.Lease
  readonly recording: Recording
  readonly sink: CallerSink
}

const conduct = Effect.fnUntraced(function* <Q, A, R, R2, R3>(
  { forward, receive, relay }: Phases<Q, A, R, R2, R3>,
  { drain, exchange, fiber, finalizers, lease, recording, sink }: Conduct
) {
  const begun = drain.isDraining()
    ? new Draining()
    : Effect.flatMap(
        Effect.suspend(() => receive(exchange)),
        (request) => {
          const waiting = lease.admit()
          return waiting === undefined
            ? forward(exchange, request)
            : Effect.zipRight(waiting, forward(exchange, request))
        }
      )
  const exit = yield* Effect.exit(Effect.interruptible(begun))
  const relayed: Exit.Exit<RelayEnd, GatewayFailure> = Exit.isSuccess(exit)
    ? yield* Effect.exit(relay(exchange, exit.value, sink))
    : Exit.failCause(exit.cause)
  for (const finalizer of finalizers.reverse()) {
    const last = finalize(finalizer)
    if (last !== undefined) yield* last
  }
  const outcome = Exit.isSuccess(relayed) ? relayed.value : yield* refuse(exchange, withoutAnswer(relayed.cause), sink)
  AccessLog.write(yield* recording.end(outcome), fiber, exchange.clock.date())
  return outcome
})

// Whatever fails to end must not cost the record.
const finalize = (finalizer: Finalizer): Effect.Effect<void> | undefined => {
  const failed = (cause: unknown) => Effect.logError("An exchange did not end as it should", cause)
  try {
    const last = finalizer()
    return last === undefined ? undefined : Effect.catchAllCause(last, failed)
  } catch (defect) {
    return failed(defect)
  }
}

/** The outcome of an exchange that ended without one of its answer: before the commit, or by a defect. */
const withoutAnswer = (cause: Cause.Cause<GatewayFailure>): Outcome => {
  const failure = Cause.failureOption(cause)
  if (failure._tag === "Some") return failure.value
  if (!Cause.isInterruptedOnly(cause)) return crashed(Cause.squash(cause))
  return Departure.endOf(cause)
}

const crashed = (defect: unknown): Crashed => ({ _tag: "Crashed", defect })

/** How long a caller may take to read why it is refused, in ms. */
const lastRead = 30_000

// Sends the error response of an outcome that has one; the outcome stays what it was, whoever reads it.
const refuse = ({ beforeEnd, journal }: Exchange, outcome: Outcome, sink: CallerSink): Effect.Effect<Outcome> =>
  Effect.suspend(() => {
    const error = wireError(outcome)
    if (sink.breakOff()) return Effect.succeed(outcome)
    if (error !== undefined) journal.status = error.status
    const send = Effect.async<Outcome>((resume) => {
      const patience = Alarm.make()
      const ended = () => {
        patience.clear()
        resume(Effect.succeed(outcome))
      }
      patience.set(lastRead, () => sink.abandon())
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
