import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Random from "effect/Random"
import type { ChatRequest } from "../../domain/chat/ChatRequest.js"
import {
  ModelNotFound,
  NoBackendAvailable,
  ProtocolBroken,
  TotalTimedOut,
  UpstreamRejected
} from "../../domain/failure/Failure.js"
import type { AttemptFailure, BodyMalformed, Overloaded } from "../../domain/failure/Failure.js"
import type { Journal } from "../../domain/record/Journal.js"
import type { RelayEnd } from "../../domain/failure/Outcome.js"
import type { AttemptTrace } from "../../domain/record/RequestRecord.js"
import * as RoutePlan from "../../domain/routing/RoutePlan.js"
import type { RouteTable, Target } from "../../domain/routing/RouteTable.js"
import * as Prepare from "../../domain/chat/request/Prepare.js"
import * as Attempt from "../attempt/Attempt.js"
import { Backends } from "../Backends.js"
import type { ByteLease } from "../../admission/ByteBudget.js"
import * as Candidates from "./Candidates.js"
import type * as Health from "../Health.js"
import type { Connections } from "../Upstream.js"
import type { Limits } from "../../admission/WaitingLine.js"
import type { SteadyClock } from "../../flow/SteadyClock.js"

/** Why no answer was obtained. */
export type ForwardFailure = BodyMalformed | ModelNotFound | NoBackendAvailable | Overloaded

/** What is forwarded, and how. */
export interface Options {
  readonly request: ChatRequest
  readonly routes: RouteTable
  /** Learns of every attempt. */
  readonly journal: Journal
  readonly clock: SteadyClock
  /** What the exchange holds in memory. */
  readonly bytes: ByteLease
  /** How long to wait for a backend when all have as many calls under way as they may. */
  readonly queue: Limits
  /** Has something done when the exchange ends; calls that still run are given up then. */
  readonly atEnd: (last: () => Effect.Effect<void> | void) => void
}

/** An answer in hand; whoever relays it says how it ended, and may ask for another to go on with it. */
export interface Forwarded {
  readonly request: ChatRequest
  readonly answer: Attempt.Answer
  /** Tells how the answer ended, which gives its place at the backend back. */
  readonly conclude: (end: RelayEnd) => Health.Report
  /** Asks the next candidate after this answer broke off; undefined when nobody is left who could help. */
  readonly rescue: (end: RelayEnd, resumption: Attempt.Resumption) => Effect.Effect<Forwarded | undefined>
}

/** One exchange's search for an answer: all that it knows. */
interface Search {
  readonly options: Options
  readonly plan: ReadonlyArray<Target>
  readonly candidates: Candidates.Candidates
  readonly backends: Context.Tag.Service<Backends>
  /** Of the attempts so far, in order. */
  readonly failures: Array<AttemptFailure>
}

/** Asks one candidate after the other until one answers. */
export const forward: (options: Options) => Effect.Effect<Forwarded, ForwardFailure, Backends> = Effect.fnUntraced(
  function* (options: Options) {
    const { clock, journal, queue, request, routes } = options
    const backends = yield* Backends
    const { health, slots } = backends
    const plan = RoutePlan.certain(routes, request.model) ?? (yield* drawn(routes, request.model))
    if (plan.length === 0) return yield* new ModelNotFound({ model: request.model })
    const candidates = Candidates.make({ plan, health, slots, queue, clock, startedAt: journal.startedAt })
    // An exchange that is interrupted says nothing of the backend it was waiting for.
    options.atEnd(candidates.letGo)
    return yield* obtain({ options, plan, candidates, backends, failures: [] })
  }
)

// Steps of one generator: each that is an effect of its own costs an exchange a microsecond.
type Steps<A, E = never> = Effect.fn.Return<A, E>

function* obtain(search: Search, resumption?: Attempt.Resumption): Steps<Forwarded, ForwardFailure> {
  const { candidates, failures, plan } = search
  while (true) {
    const ticket = candidates.first() ?? (yield* candidates.next())
    if (ticket === undefined) break
    const answer = yield* ask(search, ticket, resumption)
    if (answer !== undefined) return answer
  }
  return yield* new NoBackendAvailable({ last: spokesman(failures) ?? outOfTime(plan), attempts: failures.length })
}

// As many attempts on one candidate as it deserves.
function* ask(
  search: Search,
  ticket: Candidates.Ticket,
  resumption: Attempt.Resumption | undefined
): Steps<Forwarded | undefined, BodyMalformed> {
  const { permit, target } = ticket
  const { backends, candidates, failures, options } = search
  const { clock } = options
  for (let attemptsHere = 1; ; attemptsHere++) {
    const fresh = attemptsHere > 1 && failures.at(-1)?._tag === "ConnectionLost"
    const connections = fresh ? backends.fresh(target.backend) : backends.dispatcher(target.backend)
    const result = yield* attempt(search, target, connections, resumption)
    if (Either.isRight(result)) {
      const back = backends.health.answered(target.backend, permit, clock.now())
      if (back !== undefined) yield* back
      return handOver(search, result.right, ticket)
    }
    failures.push(result.left)
    const verdict = yield* candidates.decide(result.left, target, { attempts: failures.length, attemptsHere })
    const down = backends.health.failed(target.backend, permit, result.left, clock.now())
    if (down !== undefined) yield* down
    if (verdict._tag !== "RetryHere") break
    yield* Effect.sleep(verdict.after)
  }
  candidates.free()
  return undefined
}

function* attempt(
  { options: { atEnd, bytes, clock, journal, request } }: Search,
  target: Target,
  connections: Connections,
  resumption: Attempt.Resumption | undefined
): Steps<Attempt.Result, BodyMalformed> {
  const sent = Prepare.make(request, target, resumption?.partial)
  if (Either.isLeft(sent)) return yield* sent.left
  const body = JSON.stringify(sent.right)
  const startedAt = clock.now()
  journal.backend = target.backend.name
  journal.model = target.model
  journal.sent = body
  const result = yield* Attempt.make({
    id: journal.id,
    request,
    target,
    body,
    connections,
    clock,
    startedAt,
    prefix: resumption === undefined ? target.backend.specialPrefix : resumption.prefix,
    callerHeaders: journal.headers,
    deadline: Candidates.deadlineOf(target, journal.startedAt),
    bytes,
    atEnd
  })
  const ms = clock.now() - startedAt
  const { failure, status } = traceOf(result)
  const trace = { backend: target.backend.name, model: target.model, failure, status, ms }
  journal.attempts.push(resumption === undefined ? trace : { ...trace, rescue: resumption.mode })
  return result
}

const traceOf = (result: Attempt.Result): Pick<AttemptTrace, "failure" | "status"> => {
  if (Either.isRight(result)) return { failure: null, status: 200 }
  const { left: failure } = result
  return { failure: failure._tag, status: failure._tag === "UpstreamRejected" ? failure.status : null }
}

const handOver = (search: Search, answer: Attempt.Answer, { permit, target }: Candidates.Ticket): Forwarded => ({
  request: search.options.request,
  answer,
  conclude: (end) => {
    search.candidates.free()
    return search.backends.health.ended(target.backend, permit, end, search.options.clock.now())
  },
  rescue: (end, resumption) =>
    // What stands in the way of a rescue must not hide why one was needed.
    Effect.orElseSucceed(rescue(search, target, end, resumption), () => undefined)
})

const rescue = Effect.fnUntraced(function* (
  search: Search,
  target: Target,
  end: RelayEnd,
  resumption: Attempt.Resumption
) {
  const failure = failureOf(end)
  if (failure === undefined) return undefined
  search.failures.push(failure)
  yield* search.candidates.decide(failure, target, { attempts: search.failures.length, attemptsHere: Infinity })
  const ends: Array<() => void> = []
  const atEnd = (last: () => void) => {
    ends.push(last)
    search.options.atEnd(last)
  }
  // Its caller may be gone long before the exchange has ended.
  return yield* Effect.onInterrupt(obtainAnew({ ...search, options: { ...search.options, atEnd } }, resumption), () =>
    Effect.sync(() => ends.forEach((end) => end()))
  )
})

const obtainAnew = Effect.fnUntraced(obtain)

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

const drawn = (routes: RouteTable, model: string): Effect.Effect<ReadonlyArray<Target>> =>
  Effect.map(
    Effect.forEach(routes.backends, (backend) => Effect.map(Random.next, (draw) => [backend, draw] as const)),
    (entries) => {
      const draws = new Map(entries)
      return RoutePlan.make(routes, model, (backend) => draws.get(backend) ?? 0)
    }
  )

// What a backend said of the request tells the caller more than that another one could not be reached.
const spokesman = (failures: ReadonlyArray<AttemptFailure>): AttemptFailure | undefined =>
  failures.findLast((failure) => failure._tag === "UpstreamRejected" && failure.status < 500) ?? failures.at(-1)

// Nobody was asked: the caller took longer to send its request than an answer may take.
const outOfTime = (plan: ReadonlyArray<Target>): AttemptFailure =>
  new TotalTimedOut({
    after: plan.reduce((longest, { backend }) => Duration.max(longest, backend.timeouts.total), Duration.zero)
  })
