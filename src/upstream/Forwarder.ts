import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import type { Backend } from "../domain/Backend.js"
import type * as Breaker from "../domain/Breaker.js"
import type { ChatRequest } from "../domain/ChatRequest.js"
import {
  ModelNotFound,
  NoBackendAvailable,
  ProtocolBroken,
  TotalTimedOut,
  UpstreamRejected
} from "../domain/Failure.js"
import type { AttemptFailure, BodyMalformed, Overloaded } from "../domain/Failure.js"
import type { Journal } from "../domain/Journal.js"
import type { RelayEnd } from "../domain/Outcome.js"
import * as RoutePlan from "../domain/RoutePlan.js"
import type { RouteTable, Target } from "../domain/RouteTable.js"
import * as UpstreamRequest from "../domain/UpstreamRequest.js"
import * as Attempt from "./Attempt.js"
import { Backends } from "./Backends.js"
import * as Candidates from "./Candidates.js"
import type { Limits } from "./WaitingLine.js"

/** Why no answer was obtained. */
export type ForwardFailure = BodyMalformed | ModelNotFound | NoBackendAvailable | Overloaded

/** What is forwarded, and how. */
export interface Options {
  readonly request: ChatRequest
  readonly routes: RouteTable
  /** Learns of every attempt. */
  readonly journal: Journal
  /** How long to wait for a backend when all have as many calls under way as they may. */
  readonly queue: Limits
  /** Ends with the exchange; calls that still run are given up then. */
  readonly scope: Scope.Scope
}

/** An answer in hand; whoever relays it says how it ended, and may ask for another to go on with it. */
export interface Forwarded extends Attempt.Answer {
  /** Tells how the answer ended, which gives its place at the backend back. */
  readonly conclude: (end: RelayEnd) => Effect.Effect<void>
  /** Asks the next candidate after this answer broke off; undefined when nobody is left who could help. */
  readonly rescue: (end: RelayEnd, going: Attempt.Going) => Effect.Effect<Forwarded | undefined>
}

/** Asks one candidate after the other until one answers. */
export const forward: (options: Options) => Effect.Effect<Forwarded, ForwardFailure, Backends> = Effect.fnUntraced(
  function* (options: Options) {
    const { journal, queue, request, routes } = options
    const { health, slots } = yield* Backends
    const context = yield* Effect.context<Backends>()
    const draws = yield* drawPerBackend(routes, request.model)
    const plan = RoutePlan.make(routes, request.model, (backend) => draws.get(backend) ?? 0)
    if (plan.length === 0) return yield* new ModelNotFound({ model: request.model })
    const candidates = Candidates.make({ plan, health, slots, queue, startedAt: journal.startedAt })
    const failures: Array<AttemptFailure> = []
    // An exchange that is interrupted says nothing of the backend it was waiting for.
    yield* Scope.addFinalizer(options.scope, candidates.letGo)

    const obtain = Effect.fnUntraced(function* (going?: Attempt.Going) {
      for (let next = yield* candidates.choose; next !== undefined; next = yield* candidates.choose) {
        const answer = yield* ask(next, going)
        if (answer !== undefined) return answer
      }
      return yield* new NoBackendAvailable({ last: spokesman(failures) ?? outOfTime(plan), attempts: failures.length })
    })

    // As many attempts on one candidate as it deserves.
    const ask = Effect.fnUntraced(function* ({ permit, target }: Candidates.Ticket, going: Attempt.Going | undefined) {
      for (let attemptsHere = 1; ; attemptsHere++) {
        const fresh = attemptsHere > 1 && failures.at(-1)?._tag === "ConnectionLost"
        const result = yield* Effect.either(attempt(options, target, fresh, going))
        if (Either.isRight(result)) {
          yield* health.answered(target.backend, permit)
          return handOver(result.right, target, permit)
        }
        if (result.left._tag === "BodyMalformed") return yield* result.left
        failures.push(result.left)
        const verdict = yield* candidates.decide(result.left, target, { attempts: failures.length, attemptsHere })
        yield* health.failed(target.backend, permit, result.left)
        if (verdict._tag !== "RetryHere") break
        yield* Effect.sleep(verdict.after)
      }
      candidates.free()
      return undefined
    })

    const handOver = (answer: Attempt.Answer, target: Target, permit: Breaker.Permit): Forwarded => ({
      ...answer,
      conclude: (end) =>
        Effect.suspend(() => {
          candidates.free()
          return health.ended(target.backend, permit, end)
        }),
      rescue: (end, going) =>
        Effect.gen(function* () {
          const failure = failureOf(end)
          if (failure === undefined) return undefined
          failures.push(failure)
          yield* candidates.decide(failure, target, { attempts: failures.length, attemptsHere: Infinity })
          return yield* obtain(going)
        }).pipe(
          // What stands in the way of a rescue must not hide why one was needed.
          Effect.orElseSucceed(() => undefined),
          Effect.provide(context)
        )
    })

    return yield* obtain()
  }
)

const attempt = Effect.fnUntraced(function* (
  { journal, request, scope }: Options,
  target: Target,
  fresh: boolean,
  going: Attempt.Going | undefined
) {
  const body = JSON.stringify(yield* UpstreamRequest.make(request, target, going?.partial))
  const startedAt = yield* Clock.currentTimeMillis
  journal.backend = target.backend.name
  journal.model = target.model
  journal.sent = body
  const note = (failure: AttemptFailure | undefined) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const status = failure === undefined ? 200 : failure._tag === "UpstreamRejected" ? failure.status : null
      const { backend, model } = target
      const trace = { backend: backend.name, model, failure: failure?._tag ?? null, status, ms: now - startedAt }
      journal.attempts.push(going === undefined ? trace : { ...trace, rescue: going.mode })
    })
  return yield* Attempt.make({
    id: journal.id,
    request,
    target,
    body,
    fresh,
    prefix: going === undefined ? target.backend.specialPrefix : going.prefix,
    callerHeaders: journal.headers,
    deadline: Candidates.deadlineOf(target, journal.startedAt),
    scope
  }).pipe(Effect.tapBoth({ onFailure: note, onSuccess: () => note(undefined) }))
})

// What an end in the middle amounts to, had nothing been sent yet; undefined when there is nothing to rescue.
const failureOf = (end: RelayEnd): AttemptFailure | undefined => {
  switch (end._tag) {
    case "Completed":
    case "CallerLeft":
    case "CutByDrain":
      return undefined
    case "UpstreamBroke":
      return new ProtocolBroken({ reason: end.reason })
    case "UpstreamStalled":
      return new ProtocolBroken({ reason: "the backend fell silent" })
    case "UpstreamErrored":
      return new UpstreamRejected({ status: end.status, retryAfter: undefined, error: end.error })
  }
}

// One candidate needs no dice.
const drawPerBackend = (routes: RouteTable, model: string): Effect.Effect<ReadonlyMap<Backend, number>> =>
  routes.match(model).length < 2 && routes.backends.length < 3
    ? Effect.succeed(new Map())
    : Effect.map(
        Effect.forEach(routes.backends, (backend) => Effect.map(Random.next, (draw) => [backend, draw] as const)),
        (entries) => new Map(entries)
      )

// What a backend said of the request tells the caller more than that another one could not be reached.
const spokesman = (failures: ReadonlyArray<AttemptFailure>): AttemptFailure | undefined =>
  failures.findLast((failure) => failure._tag === "UpstreamRejected" && failure.status < 500) ?? failures.at(-1)

// Nobody was asked: the caller took longer to send its request than an answer may take.
const outOfTime = (plan: ReadonlyArray<Target>): AttemptFailure =>
  new TotalTimedOut({
    after: plan.reduce((longest, { backend }) => Duration.max(longest, backend.timeouts.total), Duration.zero)
  })
