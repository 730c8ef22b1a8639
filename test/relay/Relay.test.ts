import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as ByteBudget from "../../src/admission/ByteBudget.js"
import * as ConfigRef from "../../src/config/ConfigRef.js"
import * as AnswerChunk from "../../src/domain/chat/answer/AnswerChunk.js"
import type { ConfigInvalid } from "../../src/domain/failure/Failure.js"
import { UpstreamBroke } from "../../src/domain/failure/AnswerFailure.js"
import type { AnswerFailure } from "../../src/domain/failure/AnswerFailure.js"
import type { RelayEnd } from "../../src/domain/failure/Outcome.js"
import { encoder } from "../../src/domain/protocol/OpenAiAnswer.js"
import * as Journal from "../../src/domain/record/Journal.js"
import * as Source from "../../src/flow/Source.js"
import * as SteadyClock from "../../src/flow/SteadyClock.js"
import * as Delivery from "../../src/relay/Delivery.js"
import * as Departure from "../../src/relay/Departure.js"
import * as Relay from "../../src/relay/Relay.js"
import type { ResponseSink } from "../../src/relay/ResponseSink.js"
import type { Streamed } from "../../src/upstream/attempt/ChatReader.js"
import type { Forwarded } from "../../src/upstream/forward/Forwarded.js"
import { backend, delta, entry } from "../domain/generators.js"

/** What a part of an answer brings, read by read, before it ends: well, or broken off. */
interface Part {
  readonly reads: ReadonlyArray<ReadonlyArray<string>>
  readonly breaks: boolean
}

const broke = new UpstreamBroke({ reason: "reset" })

/** A source that has to be waited for before each read; it counts how often it was asked. */
const sourceOf = (
  { breaks, reads }: Part,
  asked: () => void
): Source.Source<AnswerChunk.AnswerChunk, AnswerFailure> => {
  let at = 0
  let isThere = false
  return {
    poll: () => {
      if (!isThere) return undefined
      const read = reads[at]
      if (read === undefined) return { values: [], end: breaks ? Option.some(broke) : Option.none() }
      at++
      isThere = false
      return { values: read.map(chunkOf), end: undefined }
    },
    wait: (wake) => {
      asked()
      queueMicrotask(() => {
        isThere = true
        wake()
      })
      return undefined
    }
  }
}

const chunkOf = (word: string) =>
  AnswerChunk.make(word === "." ? delta({}, "stop") : delta({ content: word }), word !== "")

/** A caller that takes what it is sent, unless it is told to be slow. */
const caller = () => {
  const state: { text: string; whenConcluded: string; isFull: boolean; ended?: "whole" | "short" } = {
    text: "",
    whenConcluded: "",
    isFull: false
  }
  let onDrained = () => {}
  const sink: ResponseSink = {
    listen: () => {},
    start: () => {},
    write: (text) => {
      state.text += text
      return !state.isFull
    },
    writeBytes: (bytes) => sink.write(Buffer.from(bytes).toString()),
    drained: Effect.async((resume) => {
      if (state.isFull) onDrained = () => resume(Effect.void)
      else resume(Effect.void)
    }),
    end: (text, onEnded) => {
      state.text += text
      state.ended = "whole"
      onEnded(true)
    },
    endShort: (text, onEnded) => {
      state.text += text
      state.ended = "short"
      onEnded(true)
    },
    abandon: () => {}
  }
  const drain = () => {
    state.isFull = false
    onDrained()
  }
  return { sink, state, drain }
}

/** An answer in these parts, each of which goes on for the one before. */
const relaying = (parts: ReadonlyArray<Part>) =>
  Effect.gen(function* () {
    const snapshot = yield* Effect.flatMap(ConfigRef.ConfigRef, ({ current }) => current).pipe(
      Effect.provide(ConfigRef.layerStatic({ openai_clients: [entry()] }))
    )
    const clock = SteadyClock.of(yield* Effect.clock)
    const ends: Array<RelayEnd["_tag"]> = []
    const counted = { asked: 0 }
    const journal = Journal.open({ id: "r", operation: "chat", ip: "", headers: {} }, clock.now())
    const { drain, sink, state } = caller()
    const part = (n: number): Forwarded<Streamed> | undefined => {
      const given = parts[n]
      if (given === undefined) return undefined
      return {
        ask: { operation: "chat", model: "m", stream: true, includeUsage: false, body: { messages: [] } },
        answer: {
          target: { backend: backend({ rescue: "restart" }), model: "m" },
          headers: {},
          content: {
            _tag: "Streamed",
            operation: "chat",
            chunks: Source.stream(sourceOf(given, () => void counted.asked++)),
            usage: () => undefined,
            skipped: () => 0
          },
          deadline: clock.now() + 60_000
        },
        conclude: (end) =>
          Effect.sync(() => {
            ends.push(end._tag)
            state.whenConcluded = state.text
          }),
        rescue: () => Effect.sync(() => part(n + 1))
      }
    }
    const first = part(0)
    assert(first !== undefined)
    const end = Relay.relayStream(
      { journal, clock, snapshot, bytes: ByteBudget.unbounded, beforeEnd: undefined },
      first,
      Delivery.written(encoder, sink, Option.none())
    )
    return { end: Effect.uninterruptible(end), state, ends, counted, drain, journal }
  })

/** What a caller makes of what it was sent. */
const said = (text: string): string =>
  [...text.matchAll(/"content":"([^"]*)"/g)].map(([, content = ""]) => content).join("")

const words = ["It ", "was ", "the ", "best ", "of ", "times, ", "it ", "was ", "the ", "worst ", "of ", "times"]
const whole = words.join("")

/** The words up to one of them, in reads of any size. */
const readsOf = (count: number, sizes: ReadonlyArray<number>, last: ReadonlyArray<string> = []) => {
  const reads: Array<ReadonlyArray<string>> = []
  const all = [...words.slice(0, count), ...last]
  for (let at = 0, n = 0; at < all.length; n++) {
    const size = sizes[n % sizes.length] ?? 1
    reads.push(all.slice(at, at + size))
    at += size
  }
  return reads
}

/** Whether something is so for any of these. */
const always = <A>(any: fc.Arbitrary<A>, law: (value: A) => Effect.Effect<void, ConfigInvalid>) =>
  Effect.promise(() =>
    fc.assert(
      fc.asyncProperty(any, (value) => Effect.runPromise(law(value))),
      { numRuns: 100 }
    )
  )

const anySizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 })

describe("Relay.relayStream", () => {
  it.live(
    "for any reads and any parts that break off: the caller has the answer once, and each part is concluded once",
    () =>
      always(
        fc.tuple(anySizes, fc.array(fc.integer({ min: 1, max: words.length }), { maxLength: 3 })),
        ([sizes, breaks]) =>
          Effect.gen(function* () {
            const broken = breaks.map((count) => ({ reads: readsOf(count, sizes), breaks: true }))
            const { end, ends, journal, state } = yield* relaying([
              ...broken,
              { reads: readsOf(words.length, sizes, ["."]), breaks: false }
            ])
            assert.strictEqual((yield* end)._tag, "Completed")
            assert.strictEqual(state.ended, "whole")
            assert.strictEqual(said(state.text), whole)
            assert.isTrue(state.text.endsWith("data: [DONE]\n\n"))
            assert.deepStrictEqual(ends, [...broken.map(() => "UpstreamBroke" as const), "Completed"])
            assert.include(JSON.stringify(journal.answer), whole)
          })
      )
  )

  it.live("for any moment at which nobody goes on: the caller has a beginning of it and is told why", () =>
    always(fc.tuple(anySizes, fc.nat(words.length)), ([sizes, count]) =>
      Effect.gen(function* () {
        const { end, ends, state } = yield* relaying([{ reads: readsOf(count, sizes), breaks: true }])
        assert.strictEqual((yield* end)._tag, "UpstreamBroke")
        assert.strictEqual(said(state.text), words.slice(0, count).join(""))
        assert.notInclude(state.text, "[DONE]")
        assert.include(state.text, "upstream_broke")
        assert.strictEqual(state.ended, "short")
        assert.deepStrictEqual(ends, ["UpstreamBroke"])
      })
    )
  )

  it.live("for any moment at which the caller leaves: nothing is sent after it, and what is open is concluded", () =>
    always(fc.tuple(anySizes, fc.nat(20)), ([sizes, turns]) =>
      Effect.gen(function* () {
        const { end, ends, state } = yield* relaying([{ reads: readsOf(words.length, sizes, ["."]), breaks: false }])
        const fiber = yield* Effect.uninterruptible(Effect.fork(end))
        for (let turn = 0; turn < turns; turn++) yield* Effect.promise(() => Promise.resolve())
        fiber.unsafeInterruptAsFork(Departure.callerLeft)
        yield* Fiber.await(fiber)
        assert.isTrue(whole.startsWith(said(state.text)))
        assert.strictEqual(said(state.text), said(state.whenConcluded))
        assert.lengthOf(ends, 1)
        assert.strictEqual(state.ended, (yield* fiber)._tag === "Completed" ? "whole" : "short")
      })
    )
  )

  it.live("asks for nothing while the caller does not take what it was sent", () =>
    Effect.gen(function* () {
      const { counted, drain, end, state } = yield* relaying([
        { reads: readsOf(words.length, [2], ["."]), breaks: false }
      ])
      state.isFull = true
      const isDone = yield* Deferred.make<RelayEnd>()
      yield* Effect.fork(Effect.intoDeferred(end, isDone))
      yield* Effect.sleep(5)
      assert.strictEqual(counted.asked, 1)
      drain()
      assert.strictEqual((yield* Deferred.await(isDone))._tag, "Completed")
      assert.strictEqual(said(state.text), whole)
    })
  )
})
