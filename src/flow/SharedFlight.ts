import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

/** Lets all who ask for the same at a time share one run of an effect; when nobody waits for it any more, it ends. */
export interface SharedFlight<A, E = never> {
  /** The result of the run of this key that is under way, else of this one. */
  readonly join: <R>(key: string, run: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

interface Flight<A, E> {
  readonly result: Deferred.Deferred<A, E>
  readonly fiber: Fiber.RuntimeFiber<void>
  waiting: number
}

/** Nothing is under way. */
export const make = <A, E = never>(): SharedFlight<A, E> => {
  const flights = new Map<string, Flight<A, E>>()

  const forget = (key: string, flight: Flight<A, E>) => {
    if (flights.get(key) === flight) flights.delete(key)
  }

  const begin = Effect.fnUntraced(function* <R>(key: string, run: Effect.Effect<A, E, R>) {
    const result = yield* Deferred.make<A, E>()
    // Whoever began it may leave before the others.
    const fiber = yield* Effect.forkDaemon(Effect.asVoid(Effect.intoDeferred(Effect.interruptible(run), result)))
    const flight: Flight<A, E> = { result, fiber, waiting: 0 }
    flights.set(key, flight)
    fiber.addObserver(() => forget(key, flight))
    return flight
  })

  const leave = (key: string, flight: Flight<A, E>) =>
    Effect.suspend(() => {
      flight.waiting--
      if (flight.waiting > 0 || flights.get(key) !== flight) return Effect.void
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
