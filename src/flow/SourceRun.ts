import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { Source, SourceStream } from "./Source.js"

/**
 * Hands everything on, as it comes, to a function that is called at once, and again when the effect that it may return has
 * ended; fails as the source or that effect does. Whoever is interrupted hands nothing on any more.
 */
export const runForEach: <A, E, E2>(
  stream: SourceStream<A, E>,
  f: (values: ReadonlyArray<A>) => Effect.Effect<void, E2> | undefined
) => Effect.Effect<void, E | E2> = Effect.fnUntraced(function* <A, E, E2>(
  { source }: SourceStream<A, E>,
  f: (values: ReadonlyArray<A>) => Effect.Effect<void, E2> | undefined
) {
  while (true) {
    const first = yield* handOn(source, f)
    if (first === undefined) return
    yield* first
  }
})

// Until an effect has to be run, or to the end. One wait of a fiber for all of it.
const handOn = <A, E, E2>(
  source: Source<A, E>,
  f: (values: ReadonlyArray<A>) => Effect.Effect<void, E2> | undefined
): Effect.Effect<Effect.Effect<void, E2> | undefined, E> =>
  Effect.async((resume) => {
    const run = new HandOn(source, f, resume)
    run.wake()
    return run.stop
  })

/** Hands a source on for as long as nothing but it has to be waited for. */
class HandOn<A, E, E2> {
  private isOver = false
  private isAwake = false
  private isCalled = false

  constructor(
    private readonly source: Source<A, E>,
    private readonly f: (values: ReadonlyArray<A>) => Effect.Effect<void, E2> | undefined,
    private readonly resume: (result: Effect.Effect<Effect.Effect<void, E2> | undefined, E>) => void
  ) {}

  readonly stop = Effect.sync(() => void (this.isOver = true))

  // May be called while it waits: then there is something to take.
  readonly wake = (): void => {
    this.isCalled = true
    if (this.isAwake) return
    this.isAwake = true
    // Whoever wakes it is a socket, which would not know what to do with a defect.
    try {
      while (this.isCalled && !this.isOver) {
        this.isCalled = false
        this.take()
      }
    } catch (defect) {
      this.end(Exit.die(defect))
    } finally {
      this.isAwake = false
    }
  }

  private take(): void {
    const step = this.source.poll()
    if (step !== undefined) {
      const first = step.values.length === 0 ? undefined : this.f(step.values)
      if (first !== undefined) return this.end(Exit.succeed(first))
      if (step.end !== undefined) {
        return this.end(Option.isSome(step.end) ? Exit.fail(step.end.value) : Exit.succeed(undefined))
      }
    }
    const first = this.source.wait(this.wake)
    if (first !== undefined) this.end(Exit.succeed(first))
  }

  private end(result: Effect.Effect<Effect.Effect<void, E2> | undefined, E>): void {
    this.isOver = true
    this.resume(result)
  }
}
