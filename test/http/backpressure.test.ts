import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

const { chunk } = ScriptedUpstream

const piece = "x".repeat(64 * 1024)

/** More than all socket buffers on the way together; a gateway that does not hold back would swallow it. */
const enough = 96 * 1024 * 1024

/** A backend that writes for as long as it is let, and tells when nothing moves any more; then it ends, or goes on. */
const eager = Effect.fnUntraced(function* (then: "ends" | "goes on") {
  const held = Caller.latch()
  const letGo = Caller.latch()
  let bytes = 0
  let pieces = 0
  let full = false
  let done = false
  const upstream = yield* ScriptedUpstream.make(async (call) => {
    void call.closed.then(() => letGo.open())
    call.events(chunk({ role: "assistant", content: "" }))
    while (!done && bytes < enough && !call.response.destroyed) {
      bytes += piece.length
      pieces++
      call.events(chunk({ content: piece }))
      if (!call.response.writableNeedDrain) continue
      const drained = new Promise((resolve) => call.response.once("drain", resolve))
      if (await Caller.within(400, drained)) continue
      full = true
      held.open()
      await Promise.race([drained, call.closed])
      done = then === "ends"
    }
    held.open()
    call.events(chunk({}, "stop"), "[DONE]")
    call.end()
  })
  return {
    upstream,
    held: held.promise,
    letGo: letGo.promise,
    isFull: () => full,
    bytes: () => bytes,
    pieces: () => pieces
  }
})

describe("a caller that does not read", () => {
  it.scopedLive("makes the backend wait, is not taken for the backend's silence, and gets all when it reads on", () =>
    Effect.gen(function* () {
      const backend = yield* eager("ends")
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", backend.upstream.url, { timeouts: { idle: "350ms" } })]
      })
      const { response } = Caller.raw(`${gateway.url}/v1/chat/completions`, {
        body: { ...TestGateway.chat(), stream: true }
      })
      const incoming = yield* Effect.promise(() => response)
      yield* Effect.promise(() => backend.held)
      assert.isTrue(backend.isFull(), `swallowed ${backend.bytes()} bytes`)
      // What is on its way is bounded by the socket buffers of two connections, not by the answer.
      assert.isBelow(backend.bytes(), 48 * 1024 * 1024)
      assert.strictEqual(gateway.records.length, 0)

      const { text } = yield* Effect.promise(() => Caller.received(incoming))
      assert.isTrue(text.endsWith("data: [DONE]\n\n"))
      assert.strictEqual(text.split(piece).length - 1, backend.pieces())
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.strictEqual(record.Outcome, "Completed")
    })
  )

  it.scopedLive("does not hold up another one on the same backend", () =>
    Effect.gen(function* () {
      const backend = yield* eager("ends")
      const quick = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("quick"))
      const gateway = yield* TestGateway.make({
        openai_clients: [
          TestGateway.backend("a", backend.upstream.url),
          TestGateway.backend("b", quick.url, { model_match: { type: "exact", value: ["quick"] } })
        ]
      })
      const { request, response } = Caller.raw(`${gateway.url}/v1/chat/completions`, {
        body: { ...TestGateway.chat(), stream: true }
      })
      yield* Effect.promise(() => response)
      yield* Effect.promise(() => backend.held)
      assert.strictEqual((yield* Effect.promise(() => Caller.ask(gateway.client, true, "quick"))).content, "quick")
      request.destroy()
      yield* Effect.promise(() => gateway.record(1))
    })
  )

  it.scopedLive("learns that the total time has passed when it reads on", () =>
    Effect.gen(function* () {
      const backend = yield* eager("ends")
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", backend.upstream.url, { timeouts: { total: "700ms" } })]
      })
      const { response } = Caller.raw(`${gateway.url}/v1/chat/completions`, {
        body: { ...TestGateway.chat(), stream: true }
      })
      const incoming = yield* Effect.promise(() => response)
      yield* Effect.promise(() => backend.letGo)
      const { text } = yield* Effect.promise(() => Caller.received(incoming))
      assert.notInclude(text.slice(-400), "[DONE]")
      assert.match(text.slice(-400), /\n\ndata: \{"error":.*\}\n\n$/)
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.strictEqual(record.Outcome, "UpstreamStalled")
    })
  )
})

describe.concurrent("a caller that does not read, ever", () => {
  for (const stream of [true, false]) {
    it.scopedLive(`${stream ? "streamed" : "not streamed"}: the exchange ends with its total time all the same`, () =>
      Effect.gen(function* () {
        // What a busy machine moves too slowly would otherwise pass for a caller that does not read.
        const backend = yield* stream
          ? eager("goes on")
          : Effect.map(
              ScriptedUpstream.make((call) =>
                call.json(200, ScriptedUpstream.completion("x".repeat(16 * 1024 * 1024)))
              ),
              (upstream) => ({ upstream })
            )
        const gateway = yield* TestGateway.make({
          openai_clients: [TestGateway.backend("a", backend.upstream.url, { timeouts: { total: "3s" } })]
        })
        const { request, response } = Caller.raw(`${gateway.url}/v1/chat/completions`, {
          body: { ...TestGateway.chat(), stream }
        })
        yield* Effect.promise(() => response)
        const ended = yield* Effect.promise(() => Caller.within(10_000, gateway.record(0)))
        request.destroy()
        assert.isTrue(ended, "the exchange waits for a caller that does not read")
        assert.include(["CallerLeft", "UpstreamStalled"], gateway.records[0]?.Outcome)
      })
    )
  }
})
