import * as Duration from "effect/Duration"
import * as Slots from "../../src/upstream/Slots.js"
import * as Simulation from "../domain/failover/Simulation.js"
import { backend, random } from "../domain/generators.js"

/** What a backend takes: so many calls at once, or so many that begin within a second, counted in one of three ways. */
export type Takes = { readonly atOnce: number } | { readonly aSecond: number; readonly by: "log" | "bucket" | "window" }

/** Callers who ask one backend again and again, each as soon as it was answered. */
export interface Load {
  readonly takes: Takes
  readonly callers: number
  /** How long an answer takes, in ms: so long on average. */
  readonly answerTime: number
  /** What it says with each refusal, in ms. */
  readonly retryAfter?: number
  /** The share of calls that it refuses whatever room it has; none where it is left out. */
  readonly atRandom?: number
  /** Whether who finds no room goes to another backend; otherwise it waits. */
  readonly hasSibling: boolean
  readonly seed: number
}

/** What became of the calls between two times. */
export interface Served {
  readonly answered: number
  readonly refused: number
}

/** How long a refusal takes, in ms. */
const refusalTime = 4

/** Whether a backend takes a call, given how many it has under way and when those began that it took. */
const makeDoor = (takes: Takes): ((now: number, underWay: number) => boolean) => {
  if ("atOnce" in takes) return (_, underWay) => underWay < takes.atOnce
  const { aSecond, by } = takes
  let taken: Array<number> = []
  let tokens = aSecond
  let at = 0
  const rules = {
    log: (now: number) => {
      taken = taken.filter((time) => time > now - 1_000)
      return taken.length < aSecond
    },
    window: (now: number) => {
      taken = taken.filter((time) => Math.floor(time / 1_000) === Math.floor(now / 1_000))
      return taken.length < aSecond
    },
    bucket: (now: number) => {
      tokens = Math.min(aSecond, tokens + ((now - at) * aSecond) / 1_000)
      at = now
      if (tokens < 1) return false
      tokens -= 1
      return true
    }
  }
  return (now) => {
    const isOpen = rules[by](now)
    if (isOpen) taken.push(now)
    return isOpen
  }
}

/** Lets them ask until `to`, in ms, and counts what happened since `from`. */
export const serve = (load: Load, from: number, to: number): Served => {
  const start = 1_000_000
  const time = Simulation.make(start)
  const draw = random(load.seed)
  const slots = Slots.make(time)
  const asked = backend({ name: "a", base_url: "http://a" })
  const target = { backend: asked, model: "m" }
  const isLone = !load.hasSibling
  const isTaken = makeDoor(load.takes)
  const waiting: Array<() => void> = []
  let underWay = 0
  let answered = 0
  let refused = 0
  let wakesAt = Infinity
  const counts = () => time.now() >= start + from

  const wake = () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const slot = slots.take(target, isLone)
      if (slot === undefined) {
        waiting.unshift(next)
        break
      }
      call(slot, next)
    }
    const at = slots.freeAt(target)
    if (waiting.length === 0 || at === Infinity || (at >= wakesAt && wakesAt > time.now())) return
    wakesAt = at
    time.after(Math.max(1, Math.ceil(at - time.now())), () => {
      wakesAt = Infinity
      wake()
    })
  }

  const call = (slot: Slots.Slot, then: () => void) => {
    // To the backend and back.
    const travel = () => Math.floor(3 * draw())
    time.after(travel(), () => {
      const isUnlucky = load.atRandom !== undefined && draw() < load.atRandom
      if (!isUnlucky && isTaken(time.now(), underWay)) {
        underWay++
        time.after(Math.max(1, Math.round(load.answerTime * (0.5 + draw()))), () => {
          underWay--
          time.after(travel(), () => {
            slots.completed(asked, slot)
            slot.free()
            if (counts()) answered++
            then()
            wake()
          })
        })
      } else {
        time.after(refusalTime + travel(), () => {
          slots.refused(asked, slot, load.retryAfter === undefined ? undefined : Duration.millis(load.retryAfter))
          slot.free()
          if (counts()) refused++
          // Elsewhere, or later.
          time.after(load.hasSibling ? load.answerTime : 200, then)
          wake()
        })
      }
    })
  }

  const request = () => {
    const slot = slots.take(target, isLone)
    if (slot !== undefined) call(slot, request)
    else if (load.hasSibling) time.after(load.answerTime * (0.5 + draw()), request)
    else {
      waiting.push(request)
      wake()
    }
  }
  for (let n = 0; n < load.callers; n++) time.after(0, request)
  time.run(start + to)
  return { answered, refused }
}

/** How many calls it can answer within a time in ms, if so many callers ask; they knew of each call whether it is taken. */
export const possible = (load: Load, from: number, to: number): number => {
  const { answerTime, callers, hasSibling, takes } = load
  if (hasSibling) return known(load, from, to)
  const within = to - from
  const asked = (callers * within) / (answerTime + 4)
  return Math.min(
    asked,
    "atOnce" in takes ? (takes.atOnce * within) / (answerTime + 4) : (takes.aSecond * within) / 1_000
  )
}

// Who comes while it would be refused goes to the sibling at once, so that nobody may be there the moment it takes more.
const known = ({ answerTime, callers, seed, takes }: Load, from: number, to: number): number => {
  const start = 1_000_000
  const time = Simulation.make(start)
  const draw = random(seed)
  // In which way it counts nobody can know, so that at most as many are possible as are taken in any of them.
  const isTaken = makeDoor("by" in takes ? { ...takes, by: "log" } : takes)
  let underWay = 0
  let answered = 0
  const request = () => {
    const isHere = isTaken(time.now(), underWay)
    if (isHere) underWay++
    time.after(answerTime * (0.5 + draw()) + (isHere ? 4 : 0), () => {
      if (isHere) underWay--
      if (isHere && time.now() >= start + from) answered++
      request()
    })
  }
  for (let n = 0; n < callers; n++) time.after(0, request)
  time.run(start + to)
  return answered
}
