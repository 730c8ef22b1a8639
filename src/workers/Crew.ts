import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Reread from "../config/Reread.js"
import * as Respawn from "../domain/process/Respawn.js"
import type * as WorkerShare from "../domain/config/WorkerShare.js"
import type * as Acceptor from "./Acceptor.js"
import type * as Messages from "./Messages.js"
import * as SecondSignal from "./SecondSignal.js"
import * as Watch from "./Watch.js"
import * as WorkerProcess from "./WorkerProcess.js"

/** The workers of one gateway: begun, replaced, and stopped with their scope. */
export interface Crew {
  /** Begins the worker of a seat; ends when it serves. */
  readonly start: (number: number) => Effect.Effect<void, WorkerNotStarted>
  /** Replaces every worker that ends or leaves; fails when that has become pointless. */
  readonly keep: Effect.Effect<never, CrewGaveUp, Scope.Scope>
}

/** A worker ended before it served; `said` when it has told the operator why. */
export class WorkerNotStarted extends Data.TaggedError("WorkerNotStarted")<{
  readonly seat: WorkerShare.Seat
  readonly end: WorkerProcess.End
}> {
  get said() {
    return this.end.code === 1
  }
  override get message() {
    return `Worker ${this.seat.number} ${WorkerProcess.describeEnd(this.end)} before it served`
  }
}

/** Workers die as soon as they have begun, and none is left that serves. */
export class CrewGaveUp extends Data.TaggedError("CrewGaveUp")<{ readonly times: number }> {
  override get message() {
    return `Workers ended soon after their start, ${this.times} times one after the other, and none is left: giving up`
  }
}

/** A seat that is to be filled again, and why. */
interface Vacancy {
  readonly member: Member
  readonly why: string
}

interface Member extends Watch.Watched {
  readonly begunAt: number
  /** How many in its seat before it died early, one after the other. */
  readonly early: number
}

/** How a crew is kept. */
export interface Options {
  /** How many they are. */
  readonly of: number
  /** How often each says that it lives, in ms. */
  readonly beat: number
  /** How long one that is to stop, or leaves, may take until it has ended. */
  readonly deadline: Effect.Effect<Duration.Duration>
  /** Whether others have the socket that the acceptor listens on, so that nobody need be refused at the end. */
  readonly isShared: boolean
}

/** A worker that was killed has ended within this time; what even that does not end is left to the system. */
const killPatience = Duration.seconds(2)

/** A crew, none of whom has begun yet. */
export const make = Effect.fnUntraced(function* (options: Options, acceptor: Acceptor.Acceptor) {
  const state: State = {
    options,
    acceptor,
    members: new Set(),
    vacancies: yield* Queue.unbounded<Vacancy>(),
    gaveUp: Deferred.unsafeMake(FiberId.none),
    isStopping: false,
    hasFailed: false,
    onEmpty: () => {}
  }
  yield* Effect.addFinalizer(() => stop(state))
  yield* Reread.onAsked(() => {
    for (const { worker } of state.members) worker.send({ _tag: "Reread" })
  })
  // Stopped before the crew is, which has a deadline of its own.
  yield* Effect.forkScoped(Watch.over(state.members, acceptor, options))
  const crew: Crew = { start: (number) => serving(begin(state, number, 0)), keep: keep(state) }
  return crew
})

interface State {
  readonly options: Options
  readonly acceptor: Acceptor.Acceptor
  readonly members: Set<Member>
  readonly vacancies: Queue.Queue<Vacancy>
  readonly gaveUp: Deferred.Deferred<never, CrewGaveUp>
  isStopping: boolean
  /** Whether one did not stop as it should. */
  hasFailed: boolean
  /** Called when none is left. */
  onEmpty: () => void
}

const begin = (state: State, number: number, early: number): Effect.Effect<Member, WorkerNotStarted> =>
  Effect.async((resume) => {
    const seat = { number, of: state.options.of }
    const worker = WorkerProcess.start(seat, {
      onReport: (report) => onReport(state, member, report, () => resume(Effect.succeed(member))),
      onLast: () => state.acceptor.lost(worker),
      onEnd: (end) => {
        onEnd(state, member, end)
        ended(end)
      }
    })
    const member: Member = { ...Watch.begun(worker), begunAt: performance.now(), early }
    state.members.add(member)
    const ended = (end: WorkerProcess.End) => resume(new WorkerNotStarted({ seat, end }))
  })

const onReport = (state: State, member: Member, report: Messages.Report, onReady: () => void): void => {
  const { acceptor } = state
  Watch.heard(member)
  switch (report._tag) {
    case "Beat":
      return
    case "Ready":
      member.phase = "serving"
      acceptor.add(member.worker)
      return onReady()
    case "Got":
      return acceptor.got(member.worker, report.number)
    case "Open":
      return acceptor.counted(member.worker, report.connections)
    case "Leaves": {
      if (state.isStopping) acceptor.close()
      else if (member.phase === "serving") state.vacancies.unsafeOffer({ member, why: "leaves" })
      member.phase = "leaving"
      member.leftAt = performance.now()
      acceptor.remove(member.worker)
      return member.worker.send({ _tag: "Released" })
    }
  }
}

const onEnd = (state: State, member: Member, end: WorkerProcess.End): void => {
  const { isStopping, members, vacancies } = state
  members.delete(member)
  if (isStopping && member.phase !== "starting" && end.code !== 0) state.hasFailed = true
  if (!isStopping && member.phase === "serving") vacancies.unsafeOffer({ member, why: WorkerProcess.describeEnd(end) })
  if (members.size === 0) state.onEmpty()
}

const keep = (state: State): Crew["keep"] => {
  const fill = Effect.flatMap(Queue.take(state.vacancies), (vacancy) => Effect.forkScoped(replace(state, vacancy)))
  return Effect.zipRight(Effect.forkScoped(Effect.forever(fill)), Deferred.await(state.gaveUp))
}

// Begins another in the seat of one that has gone, later each time that it dies early.
const replace = Effect.fnUntraced(function* (state: State, { member, why }: Vacancy) {
  const { begunAt, early, worker } = member
  let death = { lived: performance.now() - begunAt, early }
  yield* Effect.logWarning(`${WorkerProcess.nameOf(worker)} ${why}: another takes its place`)
  for (;;) {
    const othersServe = [...state.members].some(({ phase }) => phase === "serving")
    const next = Respawn.next({ ...death, othersServe })
    const times = Respawn.isEarly(death) ? death.early + 1 : 0
    if (next._tag === "GiveUp") return yield* Deferred.fail(state.gaveUp, new CrewGaveUp({ times }))
    yield* Effect.sleep(next.delay)
    const begun = yield* Effect.either(serving(begin(state, worker.seat.number, times)))
    if (begun._tag === "Right") return
    yield* Effect.logError(begun.left.message)
    death = { lived: 0, early: times }
  }
})

const stop = (state: State): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { members, options } = state
    state.isStopping = true
    if (options.isShared) state.acceptor.close()
    yield* SecondSignal.armed(() => {
      for (const { worker } of members) worker.kill("SIGKILL")
    })
    for (const { phase, worker } of members) {
      if (phase === "starting") worker.kill("SIGTERM")
      else worker.send({ _tag: options.isShared ? "Leave" : "Stop" })
    }
    const within = yield* options.deadline
    if (!(yield* isEmptyWithin(state, within))) {
      for (const { worker } of members) {
        yield* Effect.logError(`${WorkerProcess.nameOf(worker)} had not ended after ${Duration.format(within)}: killed`)
        worker.kill("SIGKILL")
      }
      state.hasFailed = true
      yield* isEmptyWithin(state, killPatience)
    }
    if (!state.hasFailed) return
    yield* Effect.logError("A worker did not stop as it should")
    process.once("exit", () => (process.exitCode = 1))
  }).pipe(Effect.scoped)

const isEmptyWithin = (state: State, span: Duration.Duration): Effect.Effect<boolean> => {
  const empty = Effect.async<void>((resume) => {
    state.onEmpty = () => resume(Effect.void)
    if (state.members.size === 0) state.onEmpty()
  })
  return Effect.map(Effect.timeoutOption(Effect.interruptible(empty), span), Option.isSome)
}

const serving = <E>(begin: Effect.Effect<Member, E>): Effect.Effect<void, E> =>
  Effect.flatMap(begin, ({ worker: { pid, seat } }) =>
    Effect.logInfo(`Worker ${seat.number} of ${seat.of} serves (process ${pid})`)
  )
