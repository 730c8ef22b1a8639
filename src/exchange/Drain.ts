import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Overloaded } from "../domain/failure/Failure.js"
import type { ServerSettings } from "../domain/config/GatewayConfig.js"
import * as ByteBudget from "../admission/ByteBudget.js"
import * as WaitingLine from "../admission/WaitingLine.js"
import * as HeapShare from "./HeapShare.js"
import * as Running from "./Running.js"

/** How an exchange is brought to its end from outside. */
export interface Ending {
  /** The drain deadline has passed: it is to end now. */
  readonly cut: () => void
  /** It did not: what is known of it is recorded, and nobody waits for it any more. */
  readonly letGo: Effect.Effect<void>
}

/** What an exchange holds from its arrival to its true end. */
export interface Lease {
  /** The bytes that it holds in memory. */
  readonly bytes: ByteBudget.ByteLease
  /** Waits until fewer than `server.max_in_flight` are admitted; undefined where that is so already. */
  readonly admit: () => Effect.Effect<void, Overloaded> | undefined
  /** Gives everything back, once. */
  readonly release: () => void
}

/** Knows the exchanges that are running and what they hold, and brings them to an end when the gateway stops. */
export class Drain extends Context.Tag("causeway/http/Drain")<
  Drain,
  {
    /** Whether the gateway is stopping, so that no exchange may begin. */
    readonly isDraining: () => boolean
    /** Whether new exchanges are welcome: not from the moment on that the gateway is to stop. */
    readonly isReady: () => boolean
    /** Says that the gateway is to stop, while it still serves. */
    readonly announce: Effect.Effect<void>
    /** Counts an exchange in, which is not admitted yet; the lease counts it out. */
    readonly enter: (settings: ServerSettings, ending: Ending) => Lease
    /**
     * Lets no exchange begin, waits for those that run, and cuts what is left at the deadline; what has not ended a few
     * seconds later is let go.
     */
    readonly drain: (deadline: Duration.Duration) => Effect.Effect<void>
  }
>() {}

/** How long exchanges that were cut may take to end: twice what a caller has to read the end of its answer. */
const lastDeadline = Duration.seconds(2)

const make = Effect.sync(() => {
  const running = Running.make<Ending>()
  const line = WaitingLine.make()
  const budget = ByteBudget.make()
  const share = HeapShare.bytes()
  let admitted = 0
  let ready = true
  let draining = false
  let onIdle = () => {}

  const idle = Effect.async<void>((resume) => {
    if (running.size() === 0) return resume(Effect.void)
    onIdle = () => resume(Effect.void)
  })

  const idleWithin = (deadline: Duration.Duration) =>
    Effect.map(Effect.timeoutOption(Effect.interruptible(idle), deadline), ({ _tag }) => _tag === "Some")

  const enter = ({ maxBytesInFlight, maxInFlight, queue }: ServerSettings, ending: Ending): Lease => {
    const leave = running.enter(ending)
    const bytes = budget.open(maxBytesInFlight._tag === "Some" ? maxBytesInFlight.value : share, queue)
    let isAdmitted = false
    let isOver = false

    const take = (): true | undefined => {
      if (isOver || admitted >= maxInFlight) return undefined
      admitted++
      isAdmitted = true
      return true
    }

    return {
      bytes,
      admit: () => (line.takeNow(take) === true ? undefined : Effect.asVoid(line.take(take, queue))),
      release: () => {
        if (isOver) return
        isOver = true
        bytes.release()
        if (isAdmitted) {
          admitted--
          line.wake()
        }
        leave()
        if (running.size() === 0) onIdle()
      }
    }
  }

  const drain = Effect.fnUntraced(function* (deadline: Duration.Duration) {
    draining = true
    if (yield* idleWithin(deadline)) return
    yield* Effect.logWarning(`Cutting ${running.size()} exchanges at the drain deadline`)
    for (const { cut } of running.all()) cut()
    if (yield* idleWithin(lastDeadline)) return
    const left = running.all()
    yield* Effect.logError(`${left.length} exchanges did not end when they were cut: they are let go`)
    yield* Effect.forEach(left, ({ letGo }) => letGo, { concurrency: "unbounded", discard: true })
  })

  return Drain.of({
    isDraining: () => draining,
    isReady: () => ready && !draining,
    announce: Effect.sync(() => (ready = false)),
    enter,
    drain
  })
})

/** The register of one gateway. */
export const layer: Layer.Layer<Drain> = Layer.effect(Drain, make)
