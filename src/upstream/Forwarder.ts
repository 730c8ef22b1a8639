import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import type { Backend } from "../domain/Backend.js"
import type { ChatRequest } from "../domain/ChatRequest.js"
import { ModelNotFound, NoBackendAvailable } from "../domain/Failure.js"
import type { AttemptFailure, BodyMalformed } from "../domain/Failure.js"
import type { Journal } from "../domain/Journal.js"
import * as RetryPolicy from "../domain/RetryPolicy.js"
import * as RoutePlan from "../domain/RoutePlan.js"
import type { RouteTable, Target } from "../domain/RouteTable.js"
import * as UpstreamRequest from "../domain/UpstreamRequest.js"
import * as Attempt from "./Attempt.js"
import type { Backends } from "./Backends.js"

/** Why no answer was obtained. */
export type ForwardFailure = BodyMalformed | ModelNotFound | NoBackendAvailable

/** Asks one candidate after the other until one answers; the journal learns of every attempt. */
export const forward: (
  request: ChatRequest,
  routes: RouteTable,
  journal: Journal
) => Effect.Effect<Attempt.Answer, ForwardFailure, Backends | Scope.Scope> = Effect.fnUntraced(function* (
  request: ChatRequest,
  routes: RouteTable,
  journal: Journal
) {
  const draws = yield* drawPerBackend(routes, request.model)
  const plan = RoutePlan.make(routes, request.model, (backend) => draws.get(backend) ?? 0)
  const failures: Array<AttemptFailure> = []
  let position = 0
  let attemptsHere = 0
  let target = plan[0]
  if (target === undefined) return yield* new ModelNotFound({ model: request.model })

  while (target !== undefined) {
    const result = yield* Effect.either(attempt(request, target, journal))
    if (Either.isRight(result)) return result.right
    if (result.left._tag === "BodyMalformed") return yield* result.left
    failures.push(result.left)
    attemptsHere++
    const now = yield* Clock.currentTimeMillis
    const left = (candidate: Target) => deadlineOf(candidate, journal) - tooLittle - now
    const verdict = RetryPolicy.verdict(result.left, {
      attempts: failures.length,
      attemptsHere,
      siblingLeft: plan[position + 1]?.model === target.model,
      remaining: Duration.millis(left(target)),
      remainingElsewhere: Duration.millis(Math.max(0, ...plan.slice(position + 1).map(left))),
      draw: yield* Random.next
    })
    if (verdict._tag === "Stop") break
    if (verdict._tag === "RetryHere") {
      yield* Effect.sleep(verdict.after)
      continue
    }
    const tried = target
    const isNext = (candidate: Target, index: number) =>
      index > position && left(candidate) > 0 && (verdict._tag === "NextBackend" || candidate.model !== tried.model)
    position = plan.findIndex(isNext)
    attemptsHere = 0
    target = plan[position]
  }
  return yield* new NoBackendAvailable({ last: spokesman(failures), attempts: failures.length })
})

// A timer may ring a moment early; what has so little left, in ms, is over.
const tooLittle = 5

const deadlineOf = (target: Target, journal: Journal): number =>
  journal.startedAt + Duration.toMillis(target.backend.timeouts.total)

const attempt = Effect.fnUntraced(function* (request: ChatRequest, target: Target, journal: Journal) {
  const body = JSON.stringify(yield* UpstreamRequest.make(request, target))
  const startedAt = yield* Clock.currentTimeMillis
  journal.backend = target.backend.name
  journal.model = target.model
  journal.sent = body
  const note = (failure: AttemptFailure | undefined) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const status = failure === undefined ? 200 : failure._tag === "UpstreamRejected" ? failure.status : null
      const { backend, model } = target
      const trace = { backend: backend.name, model, failure: failure?._tag ?? null, status, ms: now - startedAt }
      journal.attempts.push(trace)
    })
  return yield* Attempt.make({
    id: journal.id,
    request,
    target,
    body,
    callerHeaders: journal.headers,
    deadline: deadlineOf(target, journal)
  }).pipe(Effect.tapBoth({ onFailure: note, onSuccess: () => note(undefined) }))
})

// One candidate needs no dice.
const drawPerBackend = (routes: RouteTable, model: string): Effect.Effect<ReadonlyMap<Backend, number>> =>
  routes.match(model).length < 2 && routes.backends.length < 3
    ? Effect.succeed(new Map())
    : Effect.map(
        Effect.forEach(routes.backends, (backend) => Effect.map(Random.next, (draw) => [backend, draw] as const)),
        (entries) => new Map(entries)
      )

// What a backend said of the request tells the caller more than that another one could not be reached.
const spokesman = (failures: ReadonlyArray<AttemptFailure>): AttemptFailure => {
  const said = failures.findLast((failure) => failure._tag === "UpstreamRejected" && failure.status < 500)
  const last = said ?? failures.at(-1)
  if (last === undefined) throw new Error("a forward without attempts")
  return last
}
