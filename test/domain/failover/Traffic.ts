import * as Breaker from "../../../src/domain/failover/Breaker.js"
import { random } from "../generators.js"
import * as Simulation from "./Simulation.js"

/** Callers who ask a backend that fails, and has had an outage; beside it is one that never fails. */
export interface Traffic {
  readonly callers: number
  /** How likely a call to it fails, from 0 to 1. */
  readonly rate: number
  /** How long a failure takes, in ms; an answer takes {@link answerTime}. */
  readonly failureTime: number
  /** How long the outage is, in ms; it begins after ten seconds. */
  readonly outage: number
  readonly seed: number
  readonly settings: Breaker.Settings
  /** Whether there is nobody beside it, so that it is asked although it is set aside. */
  readonly alone?: boolean
}

/** What became of it. */
export interface Seen {
  /** The share of the requests that went to it first, between two times since the end of the outage, in ms. */
  readonly share: (from: number, to: number) => number
  /** When its state changed, in ms since the end of the outage, and to what. */
  readonly changes: ReadonlyArray<readonly [at: number, tag: Breaker.Breaker["_tag"]]>
}

/** The part of the requests that the weight gives it. */
export const weight = 0.75

/** How long an answer takes, in ms: so long on average. */
export const answerTime = 700

const start = 1_000_000
const outageAt = start + 10_000

/** Lets them ask for three minutes. */
export const watch = (traffic: Traffic): Seen => {
  const { callers, failureTime, outage, rate, seed, settings } = traffic
  const time = Simulation.make(start)
  const draw = random(seed)
  const outageEnd = outageAt + outage
  const underWay = new Set<{ readonly began: number }>()
  const asked: Array<readonly [at: number, isFirst: boolean]> = []
  const changes: Array<readonly [number, Breaker.Breaker["_tag"]]> = []
  let breaker: Breaker.Breaker = Breaker.closed
  const become = (next: Breaker.Breaker) => {
    if (next._tag !== breaker._tag) changes.push([time.now() - outageEnd, next._tag])
    breaker = next
  }
  const answerIn = () => answerTime * (0.5 + draw())

  const call = (permit: Breaker.Permit, then: () => void) => {
    const began = time.now()
    const isDown = began >= outageAt && began < outageEnd
    const fails = isDown || draw() < rate
    const mine = { began }
    underWay.add(mine)
    time.after(fails ? failureTime : answerIn(), () => {
      underWay.delete(mine)
      const now = time.now()
      const beside = (from: number, to: number) =>
        [...underWay].filter((other) => other.began >= from && other.began <= to).length
      become(
        fails
          ? Breaker.failed(breaker, permit, now, undefined, settings, { began, beside })
          : Breaker.completed(breaker, permit, now, settings, began)
      )
      then()
    })
    if (!fails && permit === "probe") {
      time.after(failureTime, () => become(Breaker.answered(breaker, permit, time.now(), settings)))
    }
  }

  const request = (again: () => void) => {
    const reserve = () => time.after(answerIn(), again)
    if (traffic.alone !== true && draw() >= weight) {
      asked.push([time.now(), false])
      return reserve()
    }
    const [next, permit] = Breaker.admit(breaker, time.now(), draw(), settings, underWay.size === 0)
    become(next)
    asked.push([time.now(), permit !== undefined])
    if (permit !== undefined) call(permit, traffic.alone === true ? again : reserve)
    else if (traffic.alone === true) call("panic", again)
    else reserve()
  }

  const loop = () => request(() => time.after(20 * draw(), loop))
  for (let n = 0; n < callers; n++) time.after(traffic.alone === true ? 0 : 50 * draw(), loop)
  time.run(outageEnd + 150_000)

  return {
    share: (from, to) => {
      const within = asked.filter(([at]) => at >= outageEnd + from && at < outageEnd + to)
      return within.filter(([, isFirst]) => isFirst).length / Math.max(1, within.length)
    },
    changes
  }
}
