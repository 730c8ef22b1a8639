import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import type { Ask } from "../../domain/chat/Ask.js"
import * as Removed from "../../domain/chat/request/Removed.js"
import * as AnswerFailure from "../../domain/failure/AnswerFailure.js"
import { ModelNotFound } from "../../domain/failure/Failure.js"
import type { AttemptFailure, BodyMalformed } from "../../domain/failure/Failure.js"
import { unchecked } from "../../domain/failure/Identified.js"
import * as Credentials from "../../domain/backend/Credentials.js"
import * as Blame from "../../domain/failover/Blame.js"
import type { RelayEnd } from "../../domain/failure/Outcome.js"
import type { AttemptTrace } from "../../domain/record/RequestRecord.js"
import * as JsonText from "../../domain/json/JsonText.js"
import * as RoutePlan from "../../domain/routing/RoutePlan.js"
import type { Target } from "../../domain/routing/RouteTable.js"
import * as Routing from "../../domain/routing/Routing.js"
import * as Protocols from "../../domain/protocol/Protocols.js"
import type { AnswerReader } from "../attempt/AnswerReader.js"
import * as Attempt from "../attempt/Attempt.js"
import type { Backends } from "../Backends.js"
import type * as Health from "../Health.js"
import type { Forwarded, ForwardFailure, Options } from "./Forwarded.js"
import * as Candidates from "./Candidates.js"
import * as NoAnswer from "./NoAnswer.js"
import * as Rival from "./Rival.js"
import * as SearchState from "./SearchState.js"
import type { Search } from "./SearchState.js"
import * as LightScope from "../../flow/LightScope.js"
import type { Connections } from "../Transport.js"

/** Asks one candidate after the other until one answers in a way that `reader` can read. */
export const run: <A>(
  backends: Context.Tag.Service<Backends>,
  options: Options,
  ask: Ask,
  reader: AnswerReader<A>
) => Effect.Effect<Forwarded<A>, ForwardFailure> = Effect.fnUntraced(function* <A>(
  backends: Context.Tag.Service<Backends>,
  options: Options,
  ask: Ask,
  reader: AnswerReader<A>
) {
  const { atEnd, clock, journal, snapshot } = options
  const { config, routes } = snapshot
  const { health, slots } = backends
  const plan = RoutePlan.certain(routes, ask.operation, ask.model) ?? (yield* drawn(config, ask))
  const { queue } = config.server
  const candidates = Candidates.make({ plan, health, slots, queue, clock, startedAt: journal.startedAt })
  const search: Search<A> = {
    options,
    ask,
    reader,
    plan,
    candidates,
    backends,
    failures: [],
    asked: new Map(),
    callers: new Set(),
    journal,
    askedAt: undefined,
    call: undefined,
    rival: undefined,
    isRival: false
  }
  atEnd(() => SearchState.letGo(search))
  return yield* obtain(search)
})

// Steps of one generator: each that is an effect of its own costs an exchange a microsecond.
type Steps<A, E = never> = Effect.fn.Return<A, E>

function* obtain<A>(search: Search<A>, resumption?: Attempt.Resumption): Steps<Forwarded<A>, ForwardFailure> {
  const { candidates } = search
  while (true) {
    const ticket = candidates.first() ?? (yield* candidates.next())
    if (ticket === undefined) break
    const answer = yield* tryOne(search, ticket, resumption)
    if (answer !== undefined) return answer
  }
  return yield* NoAnswer.of(search, search.options.clock.now())
}

// As many attempts on one candidate as it deserves.
function* tryOne<A>(
  search: Search<A>,
  ticket: Candidates.Ticket,
  resumption: Attempt.Resumption | undefined
): Steps<Forwarded<A> | undefined, BodyMalformed | ModelNotFound> {
  const { target } = ticket
  const { backends, candidates, failures, options } = search
  let held = ticket
  const { clock } = options
  const isOurKey = !Credentials.takesCallers(target.backend)
  for (let attemptsHere = 1; ; attemptsHere++) {
    const fresh = attemptsHere > 1 && failures.at(-1)?._tag === "ConnectionLost"
    const connections = fresh ? backends.fresh(target.backend) : backends.connections(target.backend)
    const result = yield* attempt(search, target, connections, resumption)
    const { rival } = search
    if (rival?.isAhead() === true) {
      const silent = backends.health.outrun(target.backend, held.permit, clock.now())
      if (silent !== undefined) yield* silent
      break
    }
    if (result._tag === "Right") {
      const back = backends.health.answered(target.backend, held.permit, clock.now())
      if (back !== undefined) yield* back
      return handOver(search, result.right, held)
    }
    failures.push(result.left)
    if (Blame.isCallers(result.left, isOurKey)) search.callers.add(result.left)
    const verdict = yield* candidates.decide(result.left, target, { attempts: counted(failures), attemptsHere })
    noteAsked(search, target, result.left)
    // Whoever searches beside it is further already.
    const isAgain = verdict._tag === "RetryHere" && rival === undefined
    // Its attempts at one request count once; but how full it is matters to others at once.
    const down =
      isAgain && !Candidates.waitsOutside(result.left)
        ? undefined
        : backends.health.failed(target.backend, held.permit, result.left, clock.now())
    if (down !== undefined) yield* down
    const next = isAgain ? yield* candidates.again(held, result.left, verdict.after) : undefined
    if (next === undefined) break
    held = next
  }
  candidates.free()
  return search.rival === undefined ? undefined : yield* Rival.takeOver(search, search.rival)
}

// A key that is refused at once costs the caller no time: there may be many of one provider.
const counted = (failures: ReadonlyArray<AttemptFailure>): number =>
  failures.filter((failure) => !Blame.isKeys(failure) && !Blame.isFull(failure)).length

// What it says now is in the place of what it said before.
const noteAsked = <A>({ asked, options }: Search<A>, target: Target, failure: AttemptFailure): void => {
  const after = failure._tag === "UpstreamRejected" ? failure.retryAfter : undefined
  if (after === undefined) asked.delete(target)
  else asked.set(target, { after, until: options.clock.now() + Duration.toMillis(after) })
}

function* attempt<A>(
  search: Search<A>,
  target: Target,
  connections: Connections,
  resumption: Attempt.Resumption | undefined
): Steps<Either.Either<Attempt.Answer<A>, AttemptFailure>, BodyMalformed | ModelNotFound> {
  const { ask, options, reader } = search
  const { bytes, clock } = options
  const { journal } = search
  const protocol = Protocols.between(ask.operation, target.backend)
  if (protocol === undefined) return yield* new ModelNotFound({ model: ask.model }, unchecked)
  const sent = protocol.body(ask, target, resumption?.partial)
  if (Either.isLeft(sent)) return yield* sent.left
  const { body: prepared, removed, upload } = sent.right
  const body = JsonText.write(prepared)
  const startedAt = clock.now()
  const deadline = Candidates.deadlineOf(target, journal.startedAt)
  search.askedAt = startedAt
  journal.backend = target.backend.name
  journal.model = target.model
  journal.sent = body
  journal.cleaned = Removed.told(removed)
  const scope = LightScope.make()
  // Is closed at the end of the exchange whatever happens here.
  search.call = scope
  const called = Attempt.make({
    id: journal.id,
    ask,
    protocol,
    target,
    body,
    upload,
    connections,
    reader,
    prefix: resumption === undefined ? target.backend.specialPrefix : resumption.prefix,
    callerHeaders: journal.headers,
    times: { clock, timeouts: target.backend.timeouts, startedAt, deadline },
    bytes,
    scope,
    // What goes on with an answer is none that another could begin.
    beside: resumption === undefined ? Rival.beside(search, target, body, searchBeside) : undefined
  })
  journal.isAsking = true
  const result = yield* Effect.either(called)
  journal.isAsking = false
  search.askedAt = undefined
  const { rival } = search
  const isOutrun = rival?.isAhead() === true
  if (rival !== undefined && !isOutrun && Either.isRight(result)) yield* Rival.stop(search, rival)
  const closed = isOutrun
    ? scope.close(Exit.fail(Rival.outrun))
    : Either.isLeft(result)
      ? scope.close(exitOf(result.left))
      : undefined
  if (closed !== undefined) yield* closed
  const ms = clock.now() - startedAt
  const { failure, location, status } = traceOf(result)
  const made = {
    backend: target.backend.name,
    model: target.model,
    failure: isOutrun ? Rival.outrun : failure,
    status,
    ms
  }
  const trace = location === undefined ? made : Object.assign(made, { location })
  journal.attempts.push(resumption === undefined ? trace : { ...trace, rescue: resumption.mode })
  return result
}

const searchBeside = <A>(search: Search<A>): Effect.Effect<Forwarded<A> | undefined> =>
  Effect.orElseSucceed(
    Effect.gen(function* () {
      while (true) {
        const ticket = search.candidates.spare()
        if (ticket === undefined) return undefined
        const answer = yield* tryOne(search, ticket, undefined)
        if (answer !== undefined) return answer
      }
    }),
    () => undefined
  )

// Who has said why it refuses has said everything.
const exitOf = (failure: AttemptFailure): Exit.Exit<void, AttemptFailure> =>
  failure._tag === "UpstreamRejected" ? Exit.void : Exit.fail(failure)

type Traced = Pick<AttemptTrace, "failure" | "status"> & { readonly location: string | undefined }

const traceOf = <A>(result: Either.Either<A, AttemptFailure>): Traced => {
  if (Either.isRight(result)) return { failure: null, status: 200, location: undefined }
  const { left: failure } = result
  return failure._tag === "UpstreamRejected"
    ? { failure: failure._tag, status: failure.status, location: failure.location }
    : { failure: failure._tag, status: null, location: undefined }
}

const handOver = <A>(
  search: Search<A>,
  answer: Attempt.Answer<A>,
  { permit, target }: Candidates.Ticket
): Forwarded<A> => ({
  ask: search.ask,
  answer,
  conclude: (end) => conclude(search, target, permit, end),
  rescue: (failure, resumption) =>
    // What stands in the way of a rescue must not hide why one was needed.
    Effect.orElseSucceed(rescue(search, target, failure, resumption), () => undefined)
})

const conclude = <A>(search: Search<A>, target: Target, permit: Health.Permit, end: RelayEnd): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { backends, call, candidates, options } = search
    search.call = undefined
    // Whoever is woken by its place must know by then how full the backend is.
    const told = backends.health.ended(target.backend, permit, end, options.clock.now())
    candidates.free()
    const closed = call?.close(end._tag === "Completed" ? Exit.void : Exit.fail(end)) ?? Effect.void
    return told === undefined ? closed : Effect.zipRight(closed, told)
  })

const rescue = Effect.fnUntraced(function* <A>(
  search: Search<A>,
  target: Target,
  failure: AnswerFailure.AnswerFailure,
  resumption: Attempt.Resumption
) {
  const failed = AnswerFailure.beforeCommit(failure)
  search.failures.push(failed)
  yield* search.candidates.decide(failed, target, { attempts: search.failures.length, attemptsHere: Infinity })
  return yield* obtainAnew(search, resumption)
})

const obtainAnew = Effect.fnUntraced(obtain)

const drawn = (
  config: Routing.Config,
  { model, operation }: Ask
): Effect.Effect<ReadonlyArray<Target>, ModelNotFound> =>
  Effect.flatMap(
    Effect.forEach(config.backends, ({ name }) => Effect.map(Random.next, (draw) => [name, draw] as const)),
    (entries) => {
      const draws = new Map(entries)
      return Routing.plan(config, model, (backend) => draws.get(backend) ?? 0, operation)
    }
  )
