import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Connections, Controller, Request, ResponseHandler } from "../../src/http1/Dispatch.js"
import * as UndiciCall from "../../src/upstream/UndiciCall.js"
import { undici } from "../../src/upstream/UndiciTransport.js"
import type { Asking } from "../support/Asking.js"
import { ask, broken, ended } from "../support/Asking.js"
import * as Caller from "../support/Caller.js"
import * as RawServer from "../support/RawServer.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"
import { until } from "../support/Until.js"
import { backend } from "../domain/generators.js"

const poolOf = (url: string, connect = "5s") =>
  Effect.acquireRelease(
    Effect.sync(() => undici.pool(backend({ base_url: url, timeouts: { connect } }))),
    (pool) => Effect.promise(() => pool.destroy())
  )

const against = (text: string) =>
  Effect.map(
    RawServer.make((socket) => void socket.end(`HTTP/1.1 200 OK\r\n${text}`)),
    ({ port }) => `http://127.0.0.1:${port}`
  )

const asking = (connections: Connections, origin: string, hear: Partial<ResponseHandler> = {}): Asking =>
  ask(connections, { origin }, hear)

/** A handler that stops at every piece and goes on a little later, as a call does. */
const halting: Partial<ResponseHandler> = {
  onResponseStart: (by) => haltAt(by),
  onResponseData: (by) => haltAt(by)
}

const haltAt = (by: Controller) => {
  by.pause()
  setTimeout(() => by.resume(), 20)
}

const answers = [
  ["length", "content-length: 2\r\n\r\n{}"],
  ["length", "content-length: 2\r\nconnection: close\r\n\r\n{}"],
  ["chunked", "transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"],
  ["close", "\r\n{}"]
] as const

describe("a call through undici", () => {
  it.scopedLive.each(answers)(
    "says that it ends by its %s, and does end when the server closes at once: %j",
    (answer) =>
      Effect.gen(function* () {
        const [framing, text] = answer
        const origin = yield* against(text)
        const pool = yield* poolOf(origin)
        const said: Array<unknown> = []
        const call = asking(pool, origin, { ...halting, onResponseEnd: (by) => void said.push(by.framing) })
        assert.strictEqual(yield* ended(call), "{}")
        assert.deepEqual(said, [framing])
      })
  )

  it.scopedLive.each(["content-length: 9\r\n\r\n{}", "transfer-encoding: chunked\r\n\r\n9\r\n{}"])(
    "breaks off where its answer does: %j",
    (text) =>
      Effect.gen(function* () {
        const origin = yield* against(text)
        assert.notStrictEqual(yield* broken(asking(yield* poolOf(origin), origin, halting)), "it ended")
      })
  )

  it.scopedLive("goes on when its pool is retired, and breaks off when that is destroyed", () =>
    Effect.gen(function* () {
      const go = Caller.latch()
      const upstream = yield* ScriptedUpstream.make(async (call) => {
        call.events("first")
        if (call.number > 0) return
        await go.promise
        call.end()
      })
      const { origin } = new URL(upstream.url)
      const retired = yield* poolOf(origin)
      const first = asking(retired, origin)
      yield* Effect.promise(() => first.head)
      retired.retire()
      go.open()
      assert.include(yield* ended(first), "first")
      const destroyed = yield* poolOf(origin)
      const second = asking(destroyed, origin)
      yield* Effect.promise(() => second.head)
      yield* Effect.promise(() => destroyed.destroy())
      assert.notStrictEqual(yield* broken(second), "it ended")
    })
  )

  it.scopedLive("uses a connection again, but not for a single one", () =>
    Effect.gen(function* () {
      const used = new Set<unknown>()
      const upstream = yield* ScriptedUpstream.make((call) => {
        used.add(call.response.socket)
        call.json(200, {})
      })
      const { origin } = new URL(upstream.url)
      const pool = yield* poolOf(origin)
      for (let count = 0; count < 3; count++) yield* ended(asking(pool, origin))
      assert.strictEqual(used.size, 1)
      yield* ended(asking(undici.single(backend({ base_url: origin })), origin))
      assert.strictEqual(used.size, 2)
    })
  )

  it.scopedLive("gives up when there is no connection in time", () =>
    Effect.gen(function* () {
      const silent = yield* RawServer.make(() => {})
      const origin = `https://127.0.0.1:${silent.port}`
      const pool = yield* poolOf(origin, "10ms")
      assert.include(yield* broken(asking(pool, origin)), "timeout")
    })
  )
})

/** A dispatcher that sends what the test says, and knows whether it is paused. */
const scripted = (headers: Record<string, string>) => {
  const state = { isPaused: false, aborted: "" }
  let handler: ResponseHandler | undefined
  const controller: Controller = {
    pause: () => void (state.isPaused = true),
    resume: () => void (state.isPaused = false),
    abort: ({ message }) => void (state.aborted = message)
  }
  const dispatcher: Connections = {
    dispatch: (_: Request, given) => {
      handler = given
      given.onRequestStart(controller)
      given.onResponseStart(controller, 200, headers)
    }
  }
  const send = (size: number) => handler?.onResponseData(controller, new Uint8Array(size))
  return { state, dispatcher, send }
}

describe("what tells the end of an answer", () => {
  it.each([
    [{ "content-length": "2" }, "length"],
    [{ "transfer-encoding": "chunked" }, "chunked"],
    [{}, undefined]
  ] as const)("is not known of any dispatcher where the headers do not say it: %j", (headers, framing) => {
    const { dispatcher } = scripted({ ...headers })
    assert.strictEqual(ask(UndiciCall.through(dispatcher)).controller()?.framing, framing)
  })
})

const kib = 1024

describe("an answer that nobody reads", () => {
  const pausing = { onResponseData: (by: Controller) => by.pause() }

  it("is held back after 256 KiB, if its connection is kept, until more is asked for", () => {
    const { dispatcher, send, state } = scripted({ connection: "keep-alive", "transfer-encoding": "chunked" })
    const call = ask(UndiciCall.through(dispatcher), {}, pausing)
    send(200 * kib)
    assert.isFalse(state.isPaused)
    send(100 * kib)
    assert.isTrue(state.isPaused)
    call.controller()?.resume()
    assert.isFalse(state.isPaused)
    send(200 * kib)
    assert.isFalse(state.isPaused)
  })

  it.each([{}, { connection: "close", "content-length": "99999999" }, { "transfer-encoding": "chunked" }])(
    "is never held back where its connection may end with it, and broken off after 16 MiB: %j",
    (headers) => {
      const { dispatcher, send, state } = scripted({ ...headers })
      ask(UndiciCall.through(dispatcher), {}, pausing)
      send(16 * kib * kib)
      assert.deepEqual(state, { isPaused: false, aborted: "" })
      send(1)
      assert.deepEqual(state, { isPaused: false, aborted: "the answer comes faster than it is read" })
    }
  )
})

describe("server.upstream: undici", () => {
  it.scopedLive("serves whole answers and streams, those of servers that close at once among them", () =>
    Effect.gen(function* () {
      const body = JSON.stringify({
        choices: [{ index: 0, message: { role: "assistant", content: "whole" }, finish_reason: "stop" }]
      })
      const closing = yield* against(`content-type: application/json\r\n\r\n${body}`)
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", closing)],
        server: { upstream: "undici" }
      })
      assert.strictEqual((yield* Effect.promise(() => Caller.ask(gateway.client, false))).content, "whole")
      const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("streamed"))
      const other = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", upstream.url)],
        server: { upstream: "undici" }
      })
      assert.strictEqual((yield* Effect.promise(() => Caller.ask(other.client, true))).content, "streamed")
      yield* Effect.promise(() => until(() => other.records.length === 1))
    })
  )
})
