import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as ContextLength from "../../domain/failure/ContextLength.js"
import { NoBackendAvailable, Rejected, TotalTimedOut } from "../../domain/failure/Failure.js"
import type { AttemptFailure, UpstreamRejected } from "../../domain/failure/Failure.js"
import { unchecked } from "../../domain/failure/Identified.js"
import * as InputKind from "../../domain/failure/InputKind.js"
import type { Target } from "../../domain/routing/RouteTable.js"
import type { Backends } from "../Backends.js"

/** For how long a candidate asked to be left alone, and until when that is, in ms since the epoch. */
export interface Asked {
  readonly after: Duration.Duration
  readonly until: number
}

/** What is known when nobody is left to ask. */
export interface Known {
  readonly plan: ReadonlyArray<Target>
  readonly backends: Pick<Context.Tag.Service<Backends>, "health" | "slots">
  /** Of the attempts, in order. */
  readonly failures: ReadonlyArray<AttemptFailure>
  /** Those of them that are the caller's own fault. */
  readonly callers: ReadonlySet<AttemptFailure>
  readonly asked: ReadonlyMap<Target, Asked>
}

/** Why a request has no answer; `now` in ms since the epoch. */
export const of = (known: Known, now: number): NoBackendAvailable | Rejected => {
  const { callers, failures, plan } = known
  const last = spokesman(failures) ?? outOfTime(plan)
  const told = { attempts: failures.length, retryAfter: soonest(known, now) }
  return last._tag === "UpstreamRejected" && callers.has(last)
    ? new Rejected({ ...told, last }, unchecked)
    : new NoBackendAvailable({ ...told, last }, unchecked)
}

// When the first of the candidates is expected back; undefined where of any of them nothing is known.
const soonest = ({ asked, backends: { health, slots }, plan }: Known, now: number): Duration.Duration | undefined => {
  let least: Duration.Duration | undefined
  for (const target of plan) {
    const { heldUntil } = slots.fullness(target)
    const wait = Math.max(heldUntil, health.returnsAt(target.backend, now)) - now
    const setAside = wait > 0 ? Duration.max(Duration.millis(wait), Duration.seconds(1)) : undefined
    // What it has just said is more exact than for how long it is set aside.
    const said = asked.get(target)
    const after = said !== undefined && said.until > now ? said.after : setAside
    if (after === undefined) return undefined
    least = least === undefined ? after : Duration.min(least, after)
  }
  return least
}

// What a backend said of the request tells the caller more than that another one could not be reached.
const spokesman = (failures: ReadonlyArray<AttemptFailure>): AttemptFailure | undefined =>
  failures.findLast((failure) => failure._tag === "UpstreamRejected" && isOfRequest(failure)) ?? failures.at(-1)

const isOfRequest = ({ error, status }: UpstreamRejected): boolean =>
  (status >= 400 && status < 500) || ContextLength.isExceeded(status, error) || InputKind.isRefused(status, error)

// Nobody was asked: the caller took longer to send its request than an answer may take.
const outOfTime = (plan: ReadonlyArray<Target>): AttemptFailure =>
  new TotalTimedOut({
    after: plan.reduce((longest, { backend }) => Duration.max(longest, backend.timeouts.total), Duration.zero)
  })
