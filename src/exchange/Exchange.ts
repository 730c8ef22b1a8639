import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as ConfigRef from "../config/ConfigRef.js"
import type { Ask } from "../domain/chat/Ask.js"
import type { BodyMalformed, BodyTooComplex, GatewayFailure } from "../domain/failure/Failure.js"
import { Draining } from "../domain/failure/Failure.js"
import type { ServerSettings } from "../domain/config/GatewayConfig.js"
import * as Journal from "../domain/record/Journal.js"
import type { Crashed, Outcome, RelayEnd } from "../domain/failure/Outcome.js"
import * as AccessLog from "../process/AccessLog.js"
import { RequestLog } from "../records/RequestLog.js"
import type { ClientProtocol } from "../domain/protocol/ClientProtocol.js"
import * as Admission from "../admission/Admission.js"
import type { ByteLease } from "../admission/ByteBudget.js"
import type * as Delivery from "../relay/Delivery.js"
import * as Departure from "../relay/Departure.js"
import type { CallerSink, ResponseSink, SinkListener } from "../relay/ResponseSink.js"
import * as LightScope from "../flow/LightScope.js"
import * as SteadyClock from "../flow/SteadyClock.js"
import * as Drain from "./Drain.js"
import * as ExchangeEnd from "./ExchangeEnd.js"
import type { Watcher } from "./ExchangeEnd.js"
import * as Recording from "./Recording.js"
import { refuse } from "./Refusal.js"

/** A request that has come in. */
export interface Arrival {
  /** In which it is asked. */
  readonly protocol: ClientProtocol
  /** Who asks. */
  readonly caller: (settings: ServerSettings) => Pick<Journal.Journal, "id" | "ip" | "caller" | "headers">
  /** Hears how the exchange has ended, before that is recorded. */
  readonly onEnd?: (outcome: Outcome) => void
  /** Where the answer goes. */
  readonly sink: (journal: Journal.Journal, settings: ServerSettings, isDraining: () => boolean) => CallerSink
}

/** What is known while an exchange runs. */
export interface Exchange {
  readonly protocol: ClientProtocol
  readonly journal: Journal.Journal
  readonly clock: SteadyClock.SteadyClock
  /** The configuration that the exchange keeps to its end. */
  readonly snapshot: ConfigRef.Snapshot
  /** The bytes that it holds in memory, of those that all exchanges may. */
  readonly bytes: ByteLease
  /** To be run before the caller can see that its answer has ended: under `log.durability: sync` it writes the record. */
  readonly beforeEnd: ((presumed: Outcome) => Effect.Effect<void>) | undefined
  /** Where a stream goes to a caller who may have its head before there is an answer. */
  delivery: Delivery.Expecting | undefined
  /** Has something done when the exchange ends, before it is recorded: what was given last comes first. */
  readonly atEnd: (finalizer: LightScope.Finalizer) => void
}

/** The services of every exchange. */
export type Services = Admission.Admission | ConfigRef.ConfigRef | Drain.Drain | RequestLog

/** Reads the request; it can be interrupted and can fail, and holds no place of `server.max_in_flight`. */
export type Receive<Q, R> = (exchange: Exchange) => Effect.Effect<Q, GatewayFailure, R>

/**
 * Decodes a request in the words of its protocol, for the model that its path says if it does, and notes what is asked
 * for, whatever becomes of it.
 */
export const decode = (
  { journal, protocol, snapshot }: Exchange,
  text: string,
  model?: string
): Either.Either<Ask, BodyMalformed | BodyTooComplex> =>
  Either.map(protocol.decode(text, snapshot.config.server.maxValues, model), (ask) => (journal.ask = ask))

/** Hears that the request has been read, before it is admitted. */
export type Expect<Q> = (exchange: Exchange, request: Q, sink: ResponseSink) => void

/** Obtains an answer; it can be interrupted and can fail. */
export type Obtain<Q, A, R> = (exchange: Exchange, request: Q) => Effect.Effect<A, GatewayFailure, R>

/** Moves an answer to the caller; it can do neither. */
export type Relay<A, R> = (exchange: Exchange, answer: A, sink: ResponseSink) => Effect.Effect<RelayEnd, never, R>

/** What an exchange consists of. */
export interface Phases<Q, A, R, R2, R3> {
  readonly receive: Receive<Q, R>
  readonly expect?: Expect<Q> | undefined
  readonly obtain: Obtain<Q, A, R2>
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
  const opened = yield* open(fiber, arrival)
  // What `Effect.ensuring` would do, in six steps more: nothing can interrupt this.
  const exit = yield* Effect.exit(conduct(opened, phases))
  opened.release()
  return yield* exit
})

// Each phase is steps of one generator, for an effect of its own would cost a short request a microsecond or two.
const conduct = Effect.fnUntraced(function* <Q, A, R, R2, R3>(opened: Opened, phases: Phases<Q, A, R, R2, R3>) {
  const { exchange, sink } = opened
  const obtained = yield* Effect.exit(Effect.interruptible(admitted(opened, phases)))
  const relayed: Exit.Exit<RelayEnd, GatewayFailure> = Exit.isSuccess(obtained)
    ? yield* Effect.exit(phases.relay(exchange, obtained.value, sink))
    : Exit.failCause(obtained.cause)
  return yield* close(opened, relayed)
})

/** An exchange that has begun. */
interface Opened {
  readonly exchange: Exchange
  readonly drain: Context.Tag.Service<Drain.Drain>
  readonly lease: Admission.Lease
  readonly scope: LightScope.LightScope
  readonly recording: Recording.Recording
  readonly watchers: ReadonlyArray<Watcher>
  readonly sink: CallerSink
  /** Gives back what it holds, and counts it out. */
  readonly release: () => void
}

function* open(fiber: Fiber.RuntimeFiber<Outcome>, arrival: Arrival): Effect.fn.Return<Opened, never, Services> {
  const services = yield* Effect.context<Services>()
  const drain = Context.get(services, Drain.Drain)
  const clock = SteadyClock.of(Context.get(fiber.currentDefaultServices, Clock.Clock))
  const snapshot = yield* Context.get(services, ConfigRef.ConfigRef).current
  const { log, server } = snapshot.config
  const { operation } = arrival.protocol
  const journal = Journal.open({ operation, ...arrival.caller(server) }, clock.now(), clock.date())
  const sink = arrival.sink(journal, server, drain.isDraining)
  const recording = Recording.make(Context.get(services, RequestLog), journal, clock, log.durability === "sync")
  const lease = Context.get(services, Admission.Admission).lease(server)
  const leave = drain.enter({ cut: () => sink.cut(), letGo: recording.letGo })
  const scope = LightScope.make()
  const exchange: Exchange = {
    protocol: arrival.protocol,
    journal,
    clock,
    snapshot,
    bytes: lease.bytes,
    beforeEnd: recording.beforeEnd,
    delivery: undefined,
    atEnd: scope.addFinalizer
  }
  const watchers: ReadonlyArray<Watcher> = [
    // Whoever records may take its time: that keeps nobody out, and the caller does not wait for it.
    ({ outcome }) => {
      lease.release()
      arrival.onEnd?.(outcome)
      return undefined
    },
    ({ record }) => recording.write(record),
    ({ date, record }) => void AccessLog.write(record, fiber, date)
  ]
  sink.listen(new Interrupting(fiber))
  const release = () => {
    try {
      lease.release()
    } finally {
      leave()
    }
  }
  return { exchange, drain, lease, scope, recording, watchers, sink, release }
}

/** Whoever ends the exchange from outside interrupts it, where it can be. */
class Interrupting implements SinkListener {
  constructor(private readonly fiber: Fiber.RuntimeFiber<Outcome>) {}

  onLeft(): void {
    this.fiber.unsafeInterruptAsFork(Departure.callerLeft)
  }

  onCut(): void {
    this.fiber.unsafeInterruptAsFork(Departure.cutByDrain)
  }
}

// Whoever is still sending its request holds no place.
const admitted = <Q, A, R, R2>(
  { drain, exchange, lease, sink }: Opened,
  { expect, obtain, receive }: Omit<Phases<Q, A, R, R2, never>, "relay">
): Effect.Effect<A, GatewayFailure, R | R2> =>
  drain.isDraining()
    ? new Draining()
    : Effect.flatMap(
        Effect.suspend(() => receive(exchange)),
        (request) => {
          expect?.(exchange, request, sink)
          const waiting = lease.admit()
          return waiting === undefined ? obtain(exchange, request) : Effect.zipRight(waiting, obtain(exchange, request))
        }
      )

function* close(
  { exchange, recording, scope, sink, watchers }: Opened,
  relayed: Exit.Exit<RelayEnd, GatewayFailure>
): Effect.fn.Return<Outcome> {
  const last = scope.close(relayed)
  if (last !== undefined) yield* last
  const outcome = Exit.isSuccess(relayed) ? relayed.value : yield* refuse(exchange, withoutAnswer(relayed.cause), sink)
  yield* ExchangeEnd.tell(watchers, { outcome, record: recording.close(outcome), date: exchange.clock.date() })
  return outcome
}

/** The outcome of an exchange that ended without one of its answer: before the commit, or by a defect. */
const withoutAnswer = (cause: Cause.Cause<GatewayFailure>): Outcome => {
  const failure = Cause.failureOption(cause)
  if (failure._tag === "Some") return failure.value
  if (!Cause.isInterruptedOnly(cause)) return crashed(Cause.squash(cause))
  return Departure.endOf(cause)
}

const crashed = (defect: unknown): Crashed => ({ _tag: "Crashed", defect })
