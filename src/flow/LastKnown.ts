import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as SharedFlight from "./SharedFlight.js"
import * as SteadyClock from "./SteadyClock.js"

/** Keeps the last answer to each question, so that only whoever asks first has to wait for one that is late. */
export interface LastKnown<A> {
  /**
   * What is known under this key. Nothing yet: the answer to this question. Something that has just been heard: that. What
   * is older is asked for anew, by one question at a time, and is told where the answer does not come at once. A question
   * that fails leaves the last answer as it is, until that is too old.
   */
  readonly ask: <E, R>(key: string, question: Effect.Effect<A, E, R>) => Effect.Effect<A, never, R>
  /** What was heard last, without a question. */
  readonly peek: (key: string) => Option.Option<A>
}

/** For how long what is heard counts, and how much is kept; times in ms. */
export interface Limits<A> {
  /** What is told where nothing is known. */
  readonly otherwise: A
  /** So long an answer, or that there is none, is news, and nobody asks again. */
  readonly newsFor: number
  /** So long is waited for a newer answer. */
  readonly grace: number
  /** So long an answer counts after which every question has failed. */
  readonly keptFor: number
  /** What an answer weighs, and how much all of them may; those that were asked for the longest ago are forgotten. */
  readonly weigh: (answer: A) => number
  readonly most: number
}

interface Known<A> {
  readonly answer: A
  readonly weight: number
  /** When it was answered, and when asked for last, with or without success. */
  readonly answered: number
  readonly heard: number
}

/** Nothing is known. */
export const make = <A>(limits: Limits<A>): LastKnown<A> => {
  const { grace, keptFor, most, newsFor, otherwise, weigh } = limits
  const flights = SharedFlight.make<A>()
  // In the order in which they were asked for.
  const known = new Map<string, Known<A>>()
  let weight = 0

  const forget = (key: string) => {
    weight -= known.get(key)?.weight ?? 0
    known.delete(key)
  }

  const keep = (key: string, of: Known<A>): A => {
    forget(key)
    known.set(key, of)
    weight += of.weight
    for (const oldest of known.keys()) {
      if (weight <= most) break
      forget(oldest)
    }
    return of.answer
  }

  const answered = (key: string, answer: A, now: number): A =>
    keep(key, { answer, weight: weigh(answer), answered: now, heard: now })

  const failed = (key: string, now: number): A => {
    const before = known.get(key)
    const counts = before !== undefined && now - before.answered < keptFor
    return counts ? keep(key, { ...before, heard: now }) : answered(key, otherwise, now)
  }

  const heard = <E, R>(key: string, question: Effect.Effect<A, E, R>): Effect.Effect<A, never, R> =>
    flights.join(
      key,
      Effect.flatMap(Effect.option(question), (result) =>
        Effect.map(present, (now) =>
          Option.match(result, { onNone: () => failed(key, now), onSome: (answer) => answered(key, answer, now) })
        )
      )
    )

  const ask = Effect.fnUntraced(function* <E, R>(key: string, question: Effect.Effect<A, E, R>) {
    const before = known.get(key)
    if (before === undefined) return yield* heard(key, question)
    const age = (yield* present) - before.heard
    if (age < newsFor) return keep(key, before)
    // It goes on when nobody waits for it any more.
    const newer = yield* Effect.forkDaemon(heard(key, question))
    return yield* Effect.timeoutTo(Fiber.join(newer), {
      duration: grace,
      onSuccess: (answer) => answer,
      onTimeout: () => keep(key, known.get(key) ?? before)
    })
  })

  return {
    ask,
    peek: (key) => Option.map(Option.fromNullable(known.get(key)), ({ answer }) => answer)
  }
}

const present: Effect.Effect<number> = Effect.clockWith((clock) => Effect.sync(() => SteadyClock.of(clock).now()))
