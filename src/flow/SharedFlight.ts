import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

/** Lets all who ask for the same within a time share one run of an effect. */
export interface SharedFlight<A> {
  /** The result of the run of this key that is under way or has just ended, else of this one. */
  readonly join: <R>(key: string, run: Effect.Effect<A, never, R>) => Effect.Effect<A, never, R>
}

/** How long results are kept, in ms, and how many. */
export interface Limits {
  readonly keptFor: number
  readonly most: number
}

interface Flight<A> {
  readonly result: Deferred.Deferred<A>
  readonly fiber: Fiber.RuntimeFiber<void>
  waiting: number
}

/** Nothing is under way. */
export const make = <A>({ keptFor, most }: Limits): SharedFlight<A> => {
  const flights = new Map<string, Flight<A>>()
  const ended: Array<Flight<A>> = []

  const forget = (key: string, flight: Flight<A>) => {
    if (flights.get(key) === flight) flights.delete(key)
    const at = ended.indexOf(flight)
    if (at !== -1) ended.splice(at, 1)
  }

  const keep = (key: string, flight: Flight<A>) => {
    ended.push(flight)
    const [oldest] = ended
    if (ended.length > most && oldest !== undefined) {
      for (const [other, each] of flights) if (each === oldest) forget(other, each)
    }
    setTimeout(() => forget(key, flight), keptFor).unref()
  }

  const begin = Effect.fnUntraced(function* <R>(key: string, run: Effect.Effect<A, never, R>) {
    const result = yield* Deferred.make<A>()
    // Whoever began it may leave before the others.
    const fiber = yield* Effect.forkDaemon(Effect.asVoid(Effect.intoDeferred(Effect.interruptible(run), result)))
    const flight: Flight<A> = { result, fiber, waiting: 0 }
    flights.set(key, flight)
    fiber.addObserver(() => keep(key, flight))
    return flight
  })

  const leave = (key: string, flight: Flight<A>) =>
    Effect.suspend(() => {
      flight.waiting--
      if (flight.waiting > 0 || ended.includes(flight)) return Effect.void
      forget(key, flight)
      return Fiber.interruptFork(flight.fiber)
    })

  return {
    join: (key, run) =>
      Effect.acquireUseRelease(
        Effect.suspend(() => {
          const known = flights.get(key)
          return Effect.map(known === undefined ? begin(key, run) : Effect.succeed(known), (flight) => {
            flight.waiting++
            return flight
          })
        }),
        ({ result }) => Deferred.await(result),
        (flight) => leave(key, flight)
      )
  }
}
