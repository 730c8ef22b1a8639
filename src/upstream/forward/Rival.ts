import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Hedge from "../../domain/backend/Hedge.js"
import * as Operation from "../../domain/operation/Operation.js"
import * as Journal from "../../domain/record/Journal.js"
import type { Target } from "../../domain/routing/RouteTable.js"
import type { Beside } from "../UpstreamCall.js"
import type { Forwarded } from "./Forwarded.js"
import * as SearchState from "./SearchState.js"
import type { Rival, Search } from "./SearchState.js"

/** How the failure is called of an attempt that another one was quicker than. */
export const outrun = "Outrun"

/** How a rival searches: it asks who is well and has room, and nobody else. */
export type Run<A> = (search: Search<A>) => Effect.Effect<Forwarded<A> | undefined>

/** When a rival begins beside an attempt with this body at the target, and how it does; undefined where none may. */
export const beside = <A>(search: Search<A>, { backend }: Target, body: string, run: Run<A>): Beside | undefined => {
  const { ask, candidates, isRival, rival } = search
  const { hedge } = backend
  // Sound and images cost too much to have them made twice.
  if (Operation.isMedia(ask.operation)) return undefined
  if (isRival || rival !== undefined || Option.isNone(hedge) || !candidates.areLeft()) return undefined
  if ((!ask.stream && !hedge.value.whole) || body.length > Hedge.largestBody) return undefined
  return { after: Duration.toMillis(hedge.value.after), begin: (callOff) => begin(search, callOff, run) }
}

const begin = <A>(search: Search<A>, callOff: () => void, run: Run<A>): Effect.Effect<void> =>
  Effect.suspend(() => {
    const other: Search<A> = {
      ...search,
      candidates: search.candidates.beside(),
      journal: { ...search.journal, attempts: [] },
      askedAt: undefined,
      call: undefined,
      isRival: true
    }
    let isAhead = false
    const running = Effect.tap(run(other), (found) =>
      Effect.sync(() => {
        if (found === undefined || search.rival === undefined) return
        isAhead = true
        callOff()
      })
    )
    return Effect.map(Effect.forkDaemon(Effect.interruptible(running)), (fiber) => {
      search.rival = { search: other, fiber, isAhead: () => isAhead }
      search.options.atEnd(() =>
        Effect.zipRight(
          Fiber.interrupt(fiber),
          Effect.suspend(() => SearchState.letGo(other) ?? Effect.void)
        )
      )
    })
  })

/** Ends the rival of a search that has found an answer itself; its attempts stand before the one that answered. */
export const stop = <A>(search: Search<A>, { fiber, search: other }: Rival<A>): Effect.Effect<void> =>
  Effect.suspend(() => {
    search.rival = undefined
    return Effect.map(Fiber.interrupt(fiber), () => {
      const { askedAt, journal, options } = other
      const { backend, model } = journal
      search.journal.attempts.push(...journal.attempts)
      if (askedAt !== undefined && backend !== undefined && model !== undefined) {
        const ms = options.clock.now() - askedAt
        search.journal.attempts.push({ backend, model, failure: outrun, status: null, ms })
      }
    })
  }).pipe(Effect.zipRight(Effect.suspend(() => SearchState.letGo(other) ?? Effect.void)))

/** What the rival of a search finds that has not: from then on its answer is the exchange's. */
export const takeOver = <A>(
  search: Search<A>,
  { fiber, search: other }: Rival<A>
): Effect.Effect<Forwarded<A> | undefined> =>
  Effect.map(Fiber.join(fiber), (found) => {
    search.rival = undefined
    const { journal } = search
    journal.attempts.push(...other.journal.attempts)
    if (found !== undefined) Journal.takeOver(journal, other.journal)
    other.journal = journal
    return found
  })
