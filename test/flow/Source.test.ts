import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as LightScope from "../../src/flow/LightScope.js"
import * as Source from "../../src/flow/Source.js"
import * as SourceRun from "../../src/flow/SourceRun.js"
import { random } from "../domain/generators.js"

type Step = Source.Step<number, string>

/** A source that is told what to bring, and knows who waits for it. */
const scripted = () => {
  const steps: Array<Step> = []
  let last: Step | undefined
  let waiting: (() => void) | undefined
  const source: Source.Source<number, string> = {
    poll: () => {
      const step = steps.shift() ?? last
      if (step?.end !== undefined) last = { values: [], end: step.end }
      return step
    },
    wait: (wake) => {
      if (steps.length > 0 || last !== undefined) return void wake()
      waiting = wake
      return undefined
    }
  }
  const bring = (...more: ReadonlyArray<Step>) => {
    steps.push(...more)
    const wake = waiting
    waiting = undefined
    wake?.()
  }
  return { source, bring, isAwaited: () => waiting !== undefined }
}

const more = (...values: ReadonlyArray<number>): Step => ({ values, end: undefined })
const done: Step = { values: [], end: Option.none() }
const failed = (reason: string): Step => ({ values: [], end: Option.some(reason) })

/** Doubles each value and stops well after a zero. */
const doubling: Source.Stage<number, string, number, string> = {
  push: (value) => (value === 0 ? { values: [], end: Option.none() } : { values: [2 * value], end: undefined }),
  end: (how) => ({ values: [-1], end: how })
}

/** All that a source hands on, and how it ended. */
const collected = (source: Source.Source<number, string>) => {
  const values: Array<number> = []
  return Effect.map(
    Effect.exit(SourceRun.runForEach(Source.stream(source), (some) => void values.push(...some))),
    (exit) => ({ values, exit })
  )
}

describe("Source", () => {
  it.effect("hands everything on, then ends as the source does", () =>
    Effect.gen(function* () {
      const { bring, source } = scripted()
      const run = yield* Effect.fork(collected(source))
      yield* Effect.yieldNow()
      bring(more(1, 2))
      bring(more(3))
      bring({ values: [4], end: Option.some("broke") })
      assert.deepStrictEqual(yield* Fiber.join(run), { values: [1, 2, 3, 4], exit: Exit.fail("broke") })
    })
  )

  it.effect("is the same as a Stream and as what is run without one, through any stage and however it is cut", () =>
    Effect.gen(function* () {
      const next = random(7)
      for (let trial = 0; trial < 200; trial++) {
        const values = Array.from({ length: Math.floor(next() * 8) }, () => Math.floor(next() * 5))
        const end = next() < 0.5 ? done : failed("broke")
        const whole = scripted()
        whole.bring(more(...values), end)
        const expected = yield* collected(Source.staged(whole.source, doubling))
        const cut = scripted()
        for (const value of values) cut.bring(...(next() < 0.3 ? [more(), more(value)] : [more(value)]))
        cut.bring(end)
        assert.deepStrictEqual(yield* collected(Source.staged(cut.source, doubling)), expected)
        const streamed = scripted()
        for (const value of values) streamed.bring(more(value))
        streamed.bring(end)
        const made: Array<number> = []
        const run = Stream.runForEach(Source.stream(Source.staged(streamed.source, doubling)), (value) =>
          Effect.sync(() => made.push(value))
        )
        assert.deepStrictEqual({ values: made, exit: yield* Effect.exit(run) }, expected)
      }
    })
  )

  it.effect("is a defect of the run where a function throws, at once or when it is woken", () =>
    Effect.gen(function* () {
      for (const later of [false, true]) {
        const { bring, source } = scripted()
        const thrown = new Error("thrown")
        const run = SourceRun.runForEach(Source.stream(source), () => {
          throw thrown
        })
        if (!later) bring(more(1))
        const fiber = yield* Effect.fork(Effect.exit(run))
        yield* Effect.yieldNow()
        if (later) bring(more(1))
        assert.deepStrictEqual(yield* Fiber.join(fiber), Exit.die(thrown))
      }
    })
  )

  it.scoped("of a Stream that is made of none brings what that brings", () =>
    Effect.gen(function* () {
      const scope = yield* LightScope.scoped
      const broken = Stream.concat(Stream.fromChunks(Chunk.make(1, 2), Chunk.make(3)), Stream.fail("broke"))
      const source = yield* Source.of(broken, scope)
      assert.deepStrictEqual(yield* collected(source), { values: [1, 2, 3], exit: Exit.fail("broke") })
    })
  )

  it.effect("goes on with another after a failure, and with nothing where that fails, too", () =>
    Effect.gen(function* () {
      const first = scripted()
      first.bring({ values: [1], end: Option.some("one") })
      const second = scripted()
      second.bring(more(2), failed("two"))
      const caught: Array<string> = []
      const both = Source.catchAll(first.source, (failure) =>
        Effect.sync(() => {
          caught.push(failure)
          return second.source
        })
      )
      assert.deepStrictEqual(yield* collected(both), { values: [1, 2], exit: Exit.fail("two") })
      assert.deepStrictEqual(caught, ["one"])
    })
  )

  it.effect("waits for what it handed on to be taken, and asks for no more meanwhile", () =>
    Effect.gen(function* () {
      const { bring, isAwaited, source } = scripted()
      const taken = yield* Effect.makeSemaphore(0)
      const seen: Array<number> = []
      const run = yield* Effect.fork(
        SourceRun.runForEach(Source.stream(source), (some) => {
          seen.push(...some)
          return taken.take(1)
        })
      )
      yield* Effect.yieldNow()
      bring(more(1))
      yield* Effect.yieldNow()
      assert.deepStrictEqual([seen, isAwaited()], [[1], false])
      yield* taken.release(1)
      while (!isAwaited()) yield* Effect.yieldNow()
      bring(done)
      yield* taken.release(1)
      yield* Fiber.join(run)
    })
  )

  it.effect("hands nothing on once it is interrupted", () =>
    Effect.gen(function* () {
      const { bring, source } = scripted()
      const seen: Array<number> = []
      const run = yield* Effect.fork(SourceRun.runForEach(Source.stream(source), (some) => void seen.push(...some)))
      yield* Effect.yieldNow()
      bring(more(1))
      yield* Fiber.interrupt(run)
      bring(more(2))
      assert.deepStrictEqual(seen, [1])
    })
  )
})
