import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { AppendFailed } from "../domain/Failure.js"

/** Something that may die, hang or never let itself be interrupted, and yet answers or fails in time. */
export interface LastDeadline {
  readonly run: <A>(work: () => Effect.Effect<A, AppendFailed>) => Effect.Effect<A, AppendFailed>
  /** From now on the end is near: less patience with each, and none when nothing has gone well for as long. */
  readonly close: Effect.Effect<void>
  /** Since when the present work has given no answer, in ms of a clock that only runs forward; undefined when none is under way. */
  readonly since: () => number | undefined
}

/** How long an answer may take, and how long at the end. */
const patience = Duration.minutes(2)
const lastPatience = Duration.seconds(10)

/** So much may go on behind a missed deadline. */
const abandonedMost = 4

/** A deadline for one work after another. */
export const make = (): LastDeadline => {
  let abandoned = 0
  let since: number | undefined
  let closing = false
  /** When something went well last, once the end is near, in ms. */
  let wellAt = 0
  let hurry: Effect.Effect<unknown> = Effect.void

  const late = (within: Duration.Duration) => failed(new Error(`no answer within ${Duration.format(within)}`))

  const isHopeless = Effect.clockWith(({ currentTimeMillis }) =>
    Effect.map(currentTimeMillis, (now) => closing && now - wellAt > Duration.toMillis(lastPatience))
  )

  const noteWell = Effect.clockWith(({ currentTimeMillis }) => Effect.map(currentTimeMillis, (now) => (wellAt = now)))

  const run = <A>(work: () => Effect.Effect<A, AppendFailed>) =>
    Effect.gen(function* () {
      if (abandoned >= abandonedMost) return yield* failed(new Error(`${abandoned} earlier ones have not answered yet`))
      if (yield* isHopeless) return yield* late(lastPatience)
      const done = yield* Deferred.make<A, AppendFailed>()
      let over = false
      const working = yield* Effect.suspend(work).pipe(
        Effect.catchAllCause((cause) =>
          Option.getOrElse(Cause.failureOption(cause), () => failed(Cause.squash(cause)))
        ),
        Effect.interruptible,
        Effect.intoDeferred(done),
        Effect.ensuring(Effect.sync(() => (over ? void abandoned-- : (over = true)))),
        Effect.forkDaemon
      )
      const within = (patience: Duration.Duration) =>
        Effect.zipRight(Effect.sleep(patience), Deferred.fail(done, late(patience))).pipe(
          Effect.interruptible,
          Effect.forkDaemon
        )
      const impatience = yield* within(closing ? lastPatience : patience)
      hurry = within(lastPatience)
      since = performance.now()
      const exit = yield* Effect.exit(Deferred.await(done))
      hurry = Effect.void
      since = undefined
      yield* Fiber.interruptFork(impatience)
      if (!over) {
        over = true
        abandoned++
        yield* Fiber.interruptFork(working)
      }
      if (exit._tag === "Success") yield* noteWell
      return yield* exit
    })

  return {
    run,
    close: Effect.suspend(() => {
      closing = true
      return Effect.zipRight(noteWell, hurry)
    }),
    since: () => since
  }
}

const failed = (cause: unknown): AppendFailed => new AppendFailed({ path: "records", cause })
