import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { LightScope } from "./LightScope.js"

// An answer is a Stream wherever it is handed on. Below that face it is a source, because at two hundred streams a Stream
// executor costs an event 35 µs, and one wait of a fiber 14, where a source costs 2: see docs/decisions/0002-streams.md.

/** What has come at one time, and the end if it has come, too. */
export type Step<A, E> = More<A> | Ending<A, E>

/** Values after which it goes on. */
export interface More<A> {
  readonly values: ReadonlyArray<A>
  readonly end: undefined
}

/** The last values. */
export interface Ending<A, E> {
  readonly values: ReadonlyArray<A>
  /** How it ends after these: well, or with a failure. */
  readonly end: Option.Option<E>
}

/** Values that are pulled: whoever has nothing to do with more does not ask for them. */
export interface Source<A, E> {
  /** Takes what has come since the last time; undefined where it has to be waited for. Its end is told again and again. */
  poll(): Step<A, E> | undefined
  /**
   * Calls `wake` once, when there may be something to take, at once where there is, unless it returns an effect that has to
   * be run in its place. One waits at a time.
   */
  wait(wake: () => void): Effect.Effect<void> | undefined
}

/** A Stream of one source, which can be run once. */
export interface SourceStream<A, E> extends Stream.Stream<A, E> {
  readonly source: Source<A, E>
}

/** A state machine that a source's values go through. */
export interface Stage<A, E, B, E2> {
  push(value: A): Step<B, E2>
  /** The source has ended, well or with a failure: so does the stage. */
  end(how: Option.Option<E>): Ending<B, E2>
}

/** The Stream of a source. */
export const stream = <A, E>(source: Source<A, E>): SourceStream<A, E> =>
  // Most are never run as such, and need not be made.
  Object.assign(
    Stream.suspend(() => Stream.repeatEffectChunkOption(pull(source))),
    { source }
  )

/** The source of a Stream, to the end of the scope; of a {@link SourceStream} it is its own, and costs nothing. */
export const of = <A, E>(stream: Stream.Stream<A, E>, { scope }: LightScope): Effect.Effect<Source<A, E>> =>
  isSourceStream(stream)
    ? Effect.succeed(stream.source)
    : Effect.map(
        Effect.flatMap(scope, (made) => Scope.extend(Stream.toPull(stream), made)),
        pulled
      )

/** Waits until there may be something to take. */
export const ready = <A, E>(source: Source<A, E>): Effect.Effect<void> =>
  Effect.async((resume) => {
    const first = source.wait(() => resume(Effect.void))
    if (first !== undefined) resume(first)
  })

/** What comes next, as steps of whoever waits for it. */
export function* next<A, E>(source: Source<A, E>): Effect.fn.Return<Step<A, E>> {
  while (true) {
    const step = source.poll()
    if (step !== undefined) return step
    yield* ready(source)
  }
}

/** Has ended: well, or with a failure. */
export const ended = <E>(how: Option.Option<E>): Source<never, E> => ({
  poll: () => ({ values: [], end: how }),
  wait: () => Effect.void
})

/** Has these come first. */
export const after = <A, E>(first: ReadonlyArray<A>, source: Source<A, E>): Source<A, E> =>
  first.length === 0 ? source : new After(first, source)

/** Puts a stage on a source. */
export const staged = <A, E, B, E2>(source: Source<A, E>, stage: Stage<A, E, B, E2>): Source<B, E2> =>
  new Staged(source, stage)

/** Makes of all that has come at one time what is handed on. */
export const mapChunks = <A, E, B>(
  { source }: SourceStream<A, E>,
  f: (values: ReadonlyArray<A>) => ReadonlyArray<B>
): SourceStream<B, E> => stream(new Mapped(source, f))

/** Changes the failure. */
export const mapError = <A, E, E2>(source: Source<A, E>, f: (failure: E) => E2): Source<A, E2> =>
  new FailureMapped(source, f)

/** Goes on with another source after a failure. */
export const catchAll = <A, E, E2>(
  source: Source<A, E>,
  goOn: (failure: E) => Effect.Effect<Source<A, E2>>
): Source<A, E2> => new Caught(source, goOn)

// The sources are classes: a closure and what it closes over are further objects each, and at two hundred streams each of
// them is fetched into the processor's cache anew for every event.

class After<A, E> implements Source<A, E> {
  constructor(
    private first: ReadonlyArray<A> | undefined,
    private readonly source: Source<A, E>
  ) {}

  poll(): Step<A, E> | undefined {
    const { first } = this
    if (first === undefined) return this.source.poll()
    this.first = undefined
    return { values: first, end: undefined }
  }

  wait(wake: () => void): Effect.Effect<void> | undefined {
    return this.first === undefined ? this.source.wait(wake) : void wake()
  }
}

class Staged<A, E, B, E2> implements Source<B, E2> {
  private last: Ending<B, E2> | undefined = undefined

  constructor(
    private readonly source: Source<A, E>,
    private readonly stage: Stage<A, E, B, E2>
  ) {}

  poll(): Step<B, E2> | undefined {
    if (this.last !== undefined) return this.last
    const more = this.source.poll()
    if (more === undefined) return undefined
    const step = through(this.stage, more)
    if (step.end !== undefined) this.last = { values: [], end: step.end }
    return step
  }

  wait(wake: () => void): Effect.Effect<void> | undefined {
    return this.last === undefined ? this.source.wait(wake) : void wake()
  }
}

class Mapped<A, E, B> implements Source<B, E> {
  constructor(
    private readonly source: Source<A, E>,
    private readonly f: (values: ReadonlyArray<A>) => ReadonlyArray<B>
  ) {}

  poll(): Step<B, E> | undefined {
    const step = this.source.poll()
    if (step === undefined) return undefined
    const values = step.values.length === 0 ? [] : this.f(step.values)
    return step.end === undefined ? { values, end: undefined } : { values, end: step.end }
  }

  wait(wake: () => void): Effect.Effect<void> | undefined {
    return this.source.wait(wake)
  }
}

class FailureMapped<A, E, E2> implements Source<A, E2> {
  constructor(
    private readonly source: Source<A, E>,
    private readonly f: (failure: E) => E2
  ) {}

  poll(): Step<A, E2> | undefined {
    const step = this.source.poll()
    return step?.end === undefined ? step : { values: step.values, end: Option.map(step.end, this.f) }
  }

  wait(wake: () => void): Effect.Effect<void> | undefined {
    return this.source.wait(wake)
  }
}

class Caught<A, E, E2> implements Source<A, E2> {
  private failure: Option.Some<E> | undefined = undefined
  private next: Source<A, E2> | undefined = undefined

  constructor(
    private readonly source: Source<A, E>,
    private readonly goOn: (failure: E) => Effect.Effect<Source<A, E2>>
  ) {}

  poll(): Step<A, E2> | undefined {
    if (this.next !== undefined) return this.next.poll()
    const step = this.failure === undefined ? this.source.poll() : undefined
    if (step?.end === undefined) return step
    if (Option.isNone(step.end)) return { values: step.values, end: Option.none() }
    this.failure = step.end
    return step.values.length === 0 ? undefined : { values: step.values, end: undefined }
  }

  wait(wake: () => void): Effect.Effect<void> | undefined {
    if (this.next !== undefined) return this.next.wait(wake)
    return this.failure === undefined
      ? this.source.wait(wake)
      : Effect.map(this.goOn(this.failure.value), (other) => void (this.next = other))
  }
}

const isSourceStream = <A, E>(stream: Stream.Stream<A, E>): stream is SourceStream<A, E> => "source" in stream

const pull = <A, E>(source: Source<A, E>): Effect.Effect<Chunk.Chunk<A>, Option.Option<E>> => {
  const take = (): Effect.Effect<Chunk.Chunk<A>, Option.Option<E>> => {
    const step = source.poll()
    if (step === undefined) return Effect.flatMap(ready(source), take)
    if (step.end !== undefined && step.values.length === 0) return Exit.fail(step.end)
    return Exit.succeed(Chunk.unsafeFromArray(step.values))
  }
  return Effect.suspend(take)
}

const pulled = <A, E>(pull: Effect.Effect<Chunk.Chunk<A>, Option.Option<E>>): Source<A, E> => {
  let waiting: Step<A, E> | undefined
  let last: Ending<A, E> | undefined
  const next = Effect.match(pull, {
    onFailure: (end) => void (last = { values: [], end }),
    onSuccess: (values) => void (waiting = { values: Chunk.toReadonlyArray(values), end: undefined })
  })
  return {
    poll: () => {
      const step = waiting ?? last
      waiting = undefined
      return step
    },
    wait: () => next
  }
}

const through = <A, E, B, E2>(stage: Stage<A, E, B, E2>, { end, values }: Step<A, E>): Step<B, E2> => {
  const [only] = values
  if (only !== undefined && values.length === 1 && end === undefined) return stage.push(only)
  const made: Array<B> = []
  for (const value of values) {
    const step = stage.push(value)
    made.push(...step.values)
    if (step.end !== undefined) return { values: made, end: step.end }
  }
  if (end === undefined) return { values: made, end }
  const last = stage.end(end)
  return { values: [...made, ...last.values], end: last.end }
}
