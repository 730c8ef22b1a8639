import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as ByteBudget from "../../../src/admission/ByteBudget.js"
import * as Protocols from "../../../src/domain/protocol/Protocols.js"
import * as SseEvents from "../../../src/domain/wire/SseEvents.js"
import * as LightScope from "../../../src/flow/LightScope.js"
import * as SteadyClock from "../../../src/flow/SteadyClock.js"
import type { Controller, ResponseHandler } from "../../../src/http1/Dispatch.js"
import * as Attempt from "../../../src/upstream/attempt/Attempt.js"
import * as ChatReader from "../../../src/upstream/attempt/ChatReader.js"
import { backend, chunk, delta, random } from "../../domain/generators.js"

const stream = [
  delta({ role: "assistant", content: "" }),
  ...["Hel", "lo", " wörld", "!"].map((content) => delta({ content })),
  delta({}, "stop"),
  chunk([], { usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } })
]
const bytes = Buffer.from(stream.map(SseEvents.frame).join("") + SseEvents.done)

/** A backend that sends what it is told, and knows what became of its connection. */
const scripted = (type = "text/event-stream") => {
  let handler: ResponseHandler | undefined
  const state = { isPaused: false, isAborted: false, isOpen: false }
  const controller: Controller = {
    pause: () => void (state.isPaused = true),
    resume: () => void (state.isPaused = false),
    abort: (reason) => {
      state.isAborted = true
      state.isOpen = false
      handler?.onResponseError(controller, reason)
    }
  }
  return {
    state,
    connections: {
      dispatch: (_: unknown, given: ResponseHandler) => {
        handler = given
        state.isOpen = true
        given.onRequestStart(controller)
        given.onResponseStart(controller, 200, { "content-type": type })
      }
    },
    send: (piece: Uint8Array) => handler?.onResponseData(controller, piece),
    end: () => handler?.onResponseEnd(controller),
    lose: () => handler?.onResponseError(controller, new Error("reset"))
  }
}

const closed = (scope: LightScope.LightScope, exit: Exit.Exit<unknown, unknown>) => scope.close(exit) ?? Effect.void

const attempt = (upstream: ReturnType<typeof scripted>, scope: LightScope.LightScope) =>
  Effect.gen(function* () {
    const clock = SteadyClock.of(yield* Effect.clock)
    const target = { backend: backend(), model: "m" }
    const protocol = Protocols.between("chat", target.backend)
    assert(protocol !== undefined)
    return yield* Attempt.make({
      id: "id-1",
      ask: { operation: "chat", model: "m", stream: true, includeUsage: true, body: {} },
      protocol,
      target,
      body: "{}",
      connections: upstream.connections,
      reader: ChatReader.of("chat").streamed,
      prefix: "",
      callerHeaders: {},
      times: {
        clock,
        timeouts: target.backend.timeouts,
        startedAt: clock.now(),
        deadline: clock.now() + Duration.toMillis(target.backend.timeouts.total)
      },
      bytes: ByteBudget.unbounded,
      scope
    })
  })

/** Cuts the bytes anywhere, in the middle of a character too. */
const pieces = (draw: () => number): ReadonlyArray<Uint8Array> => {
  const cut: Array<Uint8Array> = []
  for (let at = 0; at < bytes.length;) {
    const to = at + 1 + Math.floor(draw() * 120)
    cut.push(bytes.subarray(at, to))
    at = to
  }
  return cut
}

/** The text that chunks stand for, whether they come alone or several in one. */
const said = (chunks: Iterable<{ readonly value: () => object }>): string =>
  [...chunks].map((each) => /"content":"([^"]*)"/.exec(JSON.stringify(each.value()))?.[1] ?? "").join("")

describe("a streamed answer", () => {
  it.live("is the same however its bytes are cut, whether they wait or are waited for", () =>
    Effect.gen(function* () {
      const draw = random(11)
      for (let trial = 0; trial < 60; trial++) {
        const upstream = scripted()
        const scope = LightScope.make()
        const cut = pieces(draw)
        const feed = Effect.gen(function* () {
          for (const piece of cut) {
            upstream.send(piece)
            if (draw() < 0.5) yield* Effect.yieldNow()
          }
          upstream.end()
        })
        const read = Effect.flatMap(attempt(upstream, scope), ({ content }) => Stream.runCollect(content.chunks))
        const [chunks] = yield* Effect.all([read, feed], { concurrency: 2 })
        assert.strictEqual(said(chunks), "Hello wörld!")
        assert.isTrue(Chunk.some(chunks, (each) => each.wire().includes('"finish_reason":"stop"')))
        yield* closed(scope, Exit.void)
        assert.isFalse(upstream.state.isAborted)
      }
    })
  )

  it.live("fails with what ended it, and what came before is what was sent, wherever it breaks", () =>
    Effect.gen(function* () {
      const draw = random(13)
      for (let trial = 0; trial < 60; trial++) {
        const upstream = scripted()
        const scope = LightScope.make()
        const heard: Array<{ readonly value: () => object }> = []
        const cut = pieces(draw)
        const broken = cut.slice(0, Math.floor(draw() * cut.length))
        const isWhole = Buffer.concat(broken).includes('"finish_reason":"stop"')
        const feed = Effect.gen(function* () {
          for (const piece of broken) {
            upstream.send(piece)
            yield* Effect.yieldNow()
          }
          upstream.lose()
        })
        const read = Effect.flatMap(attempt(upstream, scope), ({ content }) =>
          Stream.runForEach(content.chunks, (each) => Effect.sync(() => heard.push(each)))
        )
        const [exit] = yield* Effect.all([Effect.exit(read), feed], { concurrency: 2 })
        assert.isTrue("Hello wörld!".startsWith(said(heard)))
        if (!isWhole) assert.isTrue(Exit.isFailure(exit))
        yield* closed(scope, Exit.void)
      }
    })
  )

  it.live("leaves nothing open at whatever moment it is interrupted", () =>
    Effect.gen(function* () {
      const draw = random(17)
      for (let trial = 0; trial < 60; trial++) {
        const upstream = scripted()
        const scope = LightScope.make()
        const read = Effect.flatMap(attempt(upstream, scope), ({ content }) => Stream.runDrain(content.chunks))
        const fiber = yield* Effect.fork(read)
        const cut = pieces(draw)
        for (const piece of cut.slice(0, Math.floor(draw() * cut.length))) {
          upstream.send(piece)
          if (draw() < 0.5) yield* Effect.yieldNow()
        }
        const exit = yield* Fiber.interrupt(fiber)
        yield* closed(scope, exit)
        // What has come to its end may keep its connection for a moment, for the rest to pass.
        assert.strictEqual(upstream.state.isOpen, Exit.isSuccess(exit))
      }
    })
  )

  it.live("that comes as one JSON body may be as large as any body", () =>
    Effect.gen(function* () {
      const upstream = scripted("application/json")
      const scope = LightScope.make()
      const fiber = yield* Effect.fork(attempt(upstream, scope))
      yield* Effect.yieldNow()
      const choice = { index: 0, message: { role: "assistant", content: "x" }, finish_reason: "stop" }
      upstream.send(Buffer.alloc(20 * 1024 * 1024, " "))
      yield* Effect.yieldNow()
      upstream.send(Buffer.from(JSON.stringify({ id: "a", choices: [choice] })))
      upstream.end()
      const { content } = yield* fiber
      assert.strictEqual(said(yield* Stream.runCollect(content.chunks)), "x")
      yield* closed(scope, Exit.void)
    })
  )

  it.live("holds its backend back while nobody asks for more", () =>
    Effect.gen(function* () {
      const upstream = scripted()
      const scope = LightScope.make()
      const fiber = yield* Effect.fork(attempt(upstream, scope))
      yield* Effect.yieldNow()
      assert.isFalse(upstream.state.isPaused)
      upstream.send(bytes.subarray(0, 400))
      yield* fiber.await
      assert.isTrue(upstream.state.isPaused)
      yield* closed(scope, Exit.fail("over"))
      assert.isTrue(upstream.state.isAborted)
    })
  )
})
