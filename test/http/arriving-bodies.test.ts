import { randomBytes } from "node:crypto"
import * as zlib from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Script from "../../src/testing/Script.js"
import * as Caller from "../support/Caller.js"
import * as RawCaller from "../support/RawCaller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"
import { until } from "../support/Until.js"

const started = (
  server: NonNullable<Parameters<typeof TestGateway.make>[0]["server"]>,
  script: (call: ScriptedUpstream.Call) => void = ScriptedUpstream.answerWell("Hi")
) =>
  Effect.gen(function* () {
    const upstream = yield* ScriptedUpstream.make(script)
    const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url)], server })
    const caller = yield* Effect.promise(() => RawCaller.connect(gateway.url))
    return { caller, gateway, upstream }
  })

const whole = RawCaller.request(TestGateway.chat())

describe.concurrent("a body that comes slowly", () => {
  for (const [name, bytes] of [
    ["stops in the middle", whole.slice(0, -5)],
    ["never begins", whole.slice(0, whole.indexOf("\r\n\r\n") + 4)],
    ["stops between chunks", `${RawCaller.chunkedHead}5\r\n{"mod\r\n`]
  ] as const) {
    it.scopedLive(`gets a 408 when it ${name}, and the row says so`, () =>
      Effect.gen(function* () {
        const { caller, gateway, upstream } = yield* started({ body_timeout: "200ms" })
        caller.socket.write(bytes)
        yield* Effect.promise(() => until(() => caller.received.ended))
        assert.match(caller.received.text, /^HTTP\/1\.1 408 /)
        assert.match(caller.received.text, /\r\nconnection: close\r\n/i)
        assert.include(caller.received.text, '"code":"request_timeout"')
        const { Outcome, Status } = yield* Effect.promise(() => gateway.record(0))
        assert.deepStrictEqual([Outcome, Status], ["BodyTimedOut", 408])
        assert.lengthOf(upstream.received, 0)
      })
    )
  }

  it.scopedLive("is taken as long as it goes on", () =>
    Effect.gen(function* () {
      const { caller, gateway } = yield* started({ body_timeout: "2s" })
      // Each piece has most of the time that all of them have together.
      const pieces = [0, 0.25, 0.5, 0.75].map((share) => Math.floor(share * whole.length))
      for (const [n, from] of pieces.entries()) {
        caller.socket.write(whole.slice(from, pieces[n + 1]))
        yield* Effect.sleep("700 millis")
      }
      assert.strictEqual((yield* Effect.promise(() => gateway.record(0))).Outcome, "Completed")
      caller.socket.destroy()
    })
  )

  it.scopedLive("gets a 408 when it comes drop by drop", () =>
    Effect.gen(function* () {
      const { caller, gateway } = yield* started({ body_timeout: "300ms" })
      const head = "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 20000000\r\n\r\n{"
      caller.socket.write(head)
      const dripping = setInterval(() => caller.socket.write(" "), 50)
      yield* Effect.promise(() => until(() => caller.received.ended))
      clearInterval(dripping)
      assert.match(caller.received.text, /^HTTP\/1\.1 408 /)
      assert.strictEqual((yield* Effect.promise(() => gateway.record(0))).Outcome, "BodyTimedOut")
    })
  )

  it.scopedLive("holds no place of server.max_in_flight", () =>
    Effect.gen(function* () {
      const { caller, gateway } = yield* started({ max_in_flight: 1, queue: { timeout: "100ms" } })
      caller.socket.write(whole.slice(0, -5))
      const heard = yield* Effect.promise(() => Caller.ask(gateway.client, false))
      assert.strictEqual(heard.content, "Hi")
      caller.socket.write(whole.slice(-5))
      yield* Effect.promise(() => gateway.record(1))
      caller.socket.destroy()
    })
  )
})

describe.concurrent("a caller that asks before it sends its body", () => {
  it.scopedLive("is told to go on, and answered", () =>
    Effect.gen(function* () {
      const { caller } = yield* started({})
      const request = RawCaller.request(TestGateway.chat(), ["expect: 100-continue"])
      const end = request.indexOf("\r\n\r\n") + 4
      caller.socket.write(request.slice(0, end))
      yield* Effect.promise(() => until(() => caller.received.text === "HTTP/1.1 100 Continue\r\n\r\n"))
      caller.socket.write(request.slice(end))
      yield* Effect.promise(() => until(() => caller.received.text.includes("HTTP/1.1 200 OK")))
      caller.socket.destroy()
    })
  )

  for (const [name, headers, status] of [
    ["too large a body", "content-length: 2000", 413],
    ["an encoding that nobody knows", "content-length: 20\r\ncontent-encoding: zstd", 415]
  ] as const) {
    it.scopedLive.skipIf(TestGateway.isMounted)(`is refused at once for ${name}`, () =>
      Effect.gen(function* () {
        const { caller } = yield* started({ max_body: 1_000 })
        caller.socket.write(
          `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\n${headers}\r\nexpect: 100-continue\r\n\r\n`
        )
        yield* Effect.promise(() => until(() => caller.received.text.includes("\r\n\r\n")))
        assert.match(caller.received.text, new RegExp(`^HTTP/1\\.1 ${status} `))
        caller.socket.destroy()
      })
    )
  }
})

describe.concurrent("what requests hold in memory", () => {
  const text = "x".repeat(800_000)
  const large = { ...TestGateway.chat(), messages: [{ role: "user", content: text }] }
  const chunked = (body: object) => {
    const json = JSON.stringify(body)
    return `${RawCaller.chunkedHead}${json.length.toString(16)}\r\n${json}\r\n0\r\n\r\n`
  }

  const isOverloaded = (text: string) => /^HTTP\/1\.1 503 /.test(text) && text.includes('"code":"overloaded"')

  for (const [name, bytes] of [
    ["a body that says its size", RawCaller.request(large)],
    ["a body that does not", chunked(large)]
  ] as const) {
    it.scopedLive(`is bounded for all together: ${name} waits for room`, () =>
      Effect.gen(function* () {
        const open: Array<ScriptedUpstream.Call> = []
        const { caller, gateway, upstream } = yield* started(
          { max_bytes_in_flight: "1MiB", queue: { timeout: "30s" } },
          (call) => void open.push(call)
        )
        caller.socket.write(bytes)
        yield* Effect.promise(() => until(() => open.length === 1))
        const second = yield* Effect.promise(() => RawCaller.connect(gateway.url))
        second.socket.write(bytes)
        yield* Effect.promise(() => until(() => second.socket.bytesWritten > 100_000))
        yield* Effect.sleep("100 millis")
        assert.lengthOf(upstream.received, 1)
        // A small one waits for nobody.
        const small = yield* Effect.promise(() => RawCaller.connect(gateway.url))
        small.socket.write(whole)
        yield* Effect.promise(() => until(() => open.length === 2))
        for (const call of open.splice(0)) ScriptedUpstream.answerWell("one")(call)
        yield* Effect.promise(() => until(() => open.length === 1))
        for (const call of open) ScriptedUpstream.answerWell("two")(call)
        yield* Effect.promise(() => gateway.record(2))
        for (const { socket } of [caller, second, small]) socket.destroy()
      })
    )

    it.scopedLive(`gets a 503 where ${name} waits in vain, and all of it is given back`, () =>
      Effect.gen(function* () {
        const open: Array<ScriptedUpstream.Call> = []
        const { caller, gateway } = yield* started(
          { max_bytes_in_flight: "1MiB", queue: { timeout: "200ms" } },
          (call) => void open.push(call)
        )
        caller.socket.write(bytes)
        yield* Effect.promise(() => until(() => open.length === 1))
        const second = yield* Effect.promise(() => RawCaller.connect(gateway.url))
        second.socket.write(bytes)
        yield* Effect.promise(() => until(() => isOverloaded(second.received.text)))
        second.socket.destroy()
        caller.socket.destroy()
        yield* Effect.promise(() => gateway.record(1))
        const third = yield* Effect.promise(() => RawCaller.connect(gateway.url))
        third.socket.write(bytes)
        yield* Effect.promise(() => until(() => open.length === 2))
        third.socket.destroy()
        assert.deepStrictEqual(gateway.records.map(({ Outcome }) => Outcome).sort(), ["CallerLeft", "Overloaded"])
      })
    )
  }

  it.scopedLive("is only what has come: whoever says that it will send much keeps nobody waiting", () =>
    Effect.gen(function* () {
      const { gateway } = yield* started({ max_bytes_in_flight: "1MiB", queue: { timeout: "100ms" } })
      const holders = yield* Effect.promise(() =>
        Promise.all(Array.from({ length: 20 }, () => RawCaller.connect(gateway.url)))
      )
      const head = "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1000000\r\n\r\n{"
      for (const { socket } of holders) socket.write(head)
      yield* Effect.sleep("100 millis")
      const { received, socket } = yield* Effect.promise(() => RawCaller.connect(gateway.url))
      socket.write(RawCaller.request(large))
      yield* Effect.promise(() => until(() => received.text.includes("HTTP/1.1 200 OK")))
      for (const each of [...holders, { socket }]) each.socket.destroy()
    })
  )

  it.scopedLive("may be more than the bound where one is alone", () =>
    Effect.gen(function* () {
      const { gateway } = yield* started({ max_bytes_in_flight: "1KiB" })
      for (const encoding of ["identity", "gzip"]) {
        const json = JSON.stringify({
          ...large,
          messages: [{ role: "user", content: randomBytes(600_000).toString("base64") }]
        })
        const body = encoding === "gzip" ? zlib.gzipSync(json) : json
        const headers = { "content-type": "application/json", "content-encoding": encoding }
        const response = yield* Effect.promise(() =>
          fetch(`${gateway.url}/v1/chat/completions`, { method: "POST", headers, body })
        )
        assert.strictEqual(response.status, 200)
      }
    })
  )
})

describe.concurrent("what answers hold in memory", () => {
  const text = "y".repeat(900_000)
  const server = { max_bytes_in_flight: "1MiB", queue: { timeout: "200ms" } }

  // Whole answers, and streams that begin with much that is no content.
  const endless = (call: ScriptedUpstream.Call) => {
    const answer = ScriptedUpstream.completion(text)
    if (call.received.body["stream"] !== true) {
      call.response.writeHead(200, { "content-type": "application/json" })
      return call.write(JSON.stringify(answer).slice(0, -2))
    }
    call.open()
    call.write(`: ${text}\n`)
  }

  for (const stream of [false, true]) {
    it.scopedLive(`is bounded for all together${stream ? ", before the first content of a stream" : ""}`, () =>
      Effect.gen(function* () {
        const open: Array<ScriptedUpstream.Call> = []
        const { caller, gateway } = yield* started(server, (call) => {
          open.push(call)
          endless(call)
        })
        const request = RawCaller.request({ ...TestGateway.chat(), stream })
        caller.socket.write(request)
        yield* Effect.promise(() => until(() => open.length === 1))
        yield* Effect.promise(() => until(() => open[0]?.response.writableNeedDrain === false))
        const second = yield* Effect.promise(() => RawCaller.connect(gateway.url))
        second.socket.write(request)
        const { Attempts, Outcome, Status } = yield* Effect.promise(() => gateway.record(0))
        assert.deepStrictEqual([Outcome, Status], ["NoBackendAvailable", 503])
        assert.include(Attempts, "ResourcesExhausted")
        yield* Effect.promise(() =>
          until(() => [caller, second].some(({ received }) => received.text.includes('"code":"overloaded"')))
        )
        // The backend is as well as before, and what was held is given back.
        for (const { socket } of [caller, second]) socket.destroy()
        yield* Effect.promise(() => gateway.record(1))
        const third = yield* Effect.promise(() => RawCaller.connect(gateway.url))
        third.socket.write(request)
        yield* Effect.promise(() => until(() => open.length === 3))
        yield* Effect.sleep("400 millis")
        assert.lengthOf(gateway.records, 2)
        third.socket.destroy()
      })
    )
  }

  it.scopedLive("keeps nobody waiting for a caller that left while its answer waited for room", () =>
    Effect.gen(function* () {
      const open: Array<ScriptedUpstream.Call> = []
      const { caller, gateway } = yield* started({ ...server, queue: { timeout: "30s" } }, (call) => {
        open.push(call)
        if (call.number < 2) endless(call)
        else ScriptedUpstream.answerWell("Hi")(call)
      })
      caller.socket.write(whole)
      yield* Effect.promise(() => until(() => open.length === 1))
      const second = yield* Effect.promise(() => RawCaller.connect(gateway.url))
      second.socket.write(whole)
      yield* Effect.promise(() => until(() => open.length === 2))
      yield* Effect.sleep("300 millis")
      for (const { socket } of [second, caller]) socket.destroy()
      yield* Effect.promise(() => gateway.record(1))
      assert.strictEqual((yield* Effect.promise(() => Caller.ask(gateway.client, false))).content, "Hi")
    })
  )

  it.scopedLive("does not cut a stream that has found its first content while it waited for room", () =>
    Effect.gen(function* () {
      const { caller, gateway } = yield* started(server, (call) => {
        if (call.number === 0) return endless(call)
        call.open()
        call.write(`: ${"y".repeat(100_000)}\n${Script.eventsOf([ScriptedUpstream.chunk({ content: "begun" })])}`)
        setTimeout(() => {
          call.events(ScriptedUpstream.chunk({ content: " ended" }), ScriptedUpstream.chunk({}, "stop"), "[DONE]")
          call.end()
        }, 600)
      })
      caller.socket.write(whole)
      yield* Effect.sleep("300 millis")
      const heard = yield* Effect.promise(() => Caller.ask(gateway.client, true))
      assert.strictEqual(heard.content, "begun ended")
      caller.socket.destroy()
    })
  )

  it.scopedLive("is bounded by keeping less of a stream for its row, which says so", () =>
    Effect.gen(function* () {
      const { gateway } = yield* started(server, (call) => {
        if (call.number === 0) return endless(call)
        call.events(...Array.from({ length: 20 }, () => ScriptedUpstream.chunk({ content: "z".repeat(20_000) })))
        call.events(ScriptedUpstream.chunk({}, "stop"), "[DONE]")
        call.end()
      })
      const first = yield* Effect.promise(() => RawCaller.connect(gateway.url))
      first.socket.write(whole)
      yield* Effect.sleep("300 millis")
      const heard = yield* Effect.promise(() => Caller.ask(gateway.client, true))
      assert.lengthOf(heard.content, 400_000)
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.strictEqual(record.Outcome, "Completed")
      assert.strictEqual(Caller.recorded(record)["truncated"], true)
      first.socket.destroy()
    })
  )
})
