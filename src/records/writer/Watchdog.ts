import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import { AppendFailed } from "../../domain/failure/Failure.js"

/** Has something that may die, hang or never let itself be interrupted answer or fail in time, one after another. */
export interface Watchdog {
  readonly run: <A>(work: () => Effect.Effect<A, AppendFailed>) => Effect.Effect<A, AppendFailed>
  /** From now on the end is near: less patience with each, and none when nothing has gone well for as long. */
  readonly close: () => void
  /** How long the present work has given no answer, in ms; 0 when none is under way. */
  readonly waited: () => number
}

/** How long an answer may take, and how long at the end, in ms. */
const patience = 120_000
const lastPatience = 10_000

/** How often it is looked at the time: a timer for each work would cost more than most of them. */
const tick = Duration.seconds(5)

/** So much may go on behind a missed deadline. */
const abandonedMost = 4

interface UnderWay {
  readonly since: number
  /** How long it has been looked at, in ms. */
  watched: number
  readonly fail: (failure: AppendFailed) => void
}

/** One that watches until the scope closes. */
export const make = Effect.gen(function* () {
  let current: UnderWay | undefined
  let abandoned = 0
  let closing = false
  /** How long nothing has gone well since the end is near, in ms. */
  let quiet = 0

  const watch = Effect.sync(() => {
    const passed = Duration.toMillis(tick)
    if (closing) quiet += passed
    if (current === undefined) return
    current.watched += passed
    const most = closing ? lastPatience : patience
    if (current.watched > most) current.fail(late(most))
  })
  yield* Effect.forkScoped(Effect.forever(Effect.zipRight(Effect.sleep(tick), watch)))

  const run = <A>(work: () => Effect.Effect<A, AppendFailed>) =>
    Effect.suspend(() => {
      if (abandoned >= abandonedMost) return failed(new Error(`${abandoned} earlier ones have not answered yet`))
      if (closing && quiet > lastPatience) return late(lastPatience)
      const done = Deferred.unsafeMake<A, AppendFailed>(FiberId.none)
      let over = false
      const end = (exit: Effect.Effect<A, AppendFailed>) => {
        current = undefined
        Deferred.unsafeDone(done, exit)
      }
      const working = Effect.suspend(work).pipe(
        Effect.catchAllCause((cause) =>
          Option.getOrElse(Cause.failureOption(cause), () => failed(Cause.squash(cause)))
        ),
        Effect.interruptible,
        Effect.exit,
        Effect.map((exit) => {
          if (over) return void abandoned--
          over = true
          if (exit._tag === "Success") quiet = 0
          end(exit)
        }),
        Effect.uninterruptible
      )
      return Effect.flatMap(Effect.forkDaemon(working), (fiber) => {
        const fail = (failure: AppendFailed) => {
          over = true
          abandoned++
          end(failure)
          fiber.unsafeInterruptAsFork(FiberId.none)
        }
        if (!over) current = { since: performance.now(), watched: 0, fail }
        return Deferred.await(done)
      })
    })

  const watchdog: Watchdog = {
    run,
    close: () => {
      closing = true
      if (current !== undefined) current.watched = 0
    },
    waited: () => (current === undefined ? 0 : performance.now() - current.since)
  }
  return watchdog
})

const failed = (cause: unknown): AppendFailed => new AppendFailed({ path: "records", cause })

const late = (most: number): AppendFailed =>
  failed(new Error(`no answer within ${Duration.format(Duration.millis(most))}`))
