import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import * as Caller from "../support/Caller.js"
import * as RawCaller from "../support/RawCaller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as Stopping from "../support/Stopping.js"
import * as TestGateway from "../support/TestGateway.js"
import { until } from "../support/Until.js"

const configOf = (upstream: ScriptedUpstream.ScriptedUpstream, drain: string) => ({
  openai_clients: [TestGateway.backend("a", upstream.url)],
  server: { drain }
})

const ask = (url: string, more: object = {}) =>
  fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...TestGateway.chat(), ...more })
  })

/** The text that is read of a stream until it contains something. */
const readTo = async (reader: ReadableStreamDefaultReader<Uint8Array>, wanted: string): Promise<string> => {
  let text = ""
  const decoder = new TextDecoder()
  while (!text.includes(wanted)) {
    const { done, value } = await reader.read()
    if (done) throw new Error(`ended without ${wanted}: ${text}`)
    text += decoder.decode(value, { stream: true })
  }
  return text
}

/** What is left of a stream; only one that is whole may end well. */
const readRest = async (reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> => {
  const pieces: Array<Uint8Array> = []
  const read = async () => {
    for (let next = await reader.read(); !next.done; next = await reader.read()) pieces.push(next.value)
    return true
  }
  const isWhole = await read().catch(() => false)
  const rest = Buffer.concat(pieces).toString()
  assert.strictEqual(isWhole, rest.endsWith("data: [DONE]\n\n"))
  return rest
}

/** Asks for a stream, and comes back when its first content is there. */
const openStream = async (url: string, content: string) => {
  const response = await ask(url, { stream: true, messages: [{ role: "user", content }] })
  assert.strictEqual(response.status, 200)
  if (response.body === null) throw new Error("no body")
  const reader = response.body.getReader()
  await readTo(reader, "begun")
  return reader
}

/** An upstream whose streams go on until they are let end. */
const openEnded = Effect.gen(function* () {
  const open = new Map<string, ScriptedUpstream.Call>()
  const upstream = yield* ScriptedUpstream.make((call) => {
    const [message] = JsonObject.listOf(call.received.body["messages"]).map(JsonObject.orEmpty)
    call.events(ScriptedUpstream.chunk({ content: "begun" }))
    open.set(String(message?.["content"]), call)
  })
  return {
    upstream,
    call: (name: string) => {
      const found = open.get(name)
      if (found === undefined) throw new Error(`no stream ${name}`)
      return found
    },
    finish: (name: string) => {
      const call = open.get(name)
      call?.events(ScriptedUpstream.chunk({ content: " ended" }), ScriptedUpstream.chunk({}, "stop"), "[DONE]")
      call?.end()
    }
  }
})

const errorOf = (text: string): unknown => {
  const last = text.trimEnd().split("\n\n").at(-1) ?? ""
  return JSON.parse(last.replace(/^data: /, ""))
}

const shuttingDown = {
  error: { message: "The server is shutting down.", type: "server_error", param: null, code: "shutting_down" }
}

describe("a gateway that stops", () => {
  it.scopedLive("stops at once when nothing runs, with idle connections open", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hello"))
      const gateway = yield* Stopping.make(configOf(upstream, "30s"))
      yield* Effect.promise(async () => (await ask(gateway.url)).text())
      const idle = yield* Effect.promise(() => RawCaller.connect(gateway.url))
      const took = yield* Effect.flatten(gateway.stop)
      assert.isBelow(took, 2_000)
      assert.deepStrictEqual(
        gateway.records.map(({ Outcome }) => Outcome),
        ["Completed"]
      )
      yield* Effect.promise(() => until(() => idle.received.ended))
      yield* Effect.promise(() => until(() => upstream.sockets() === 0))
      const refused = yield* Effect.promise(() =>
        ask(gateway.url).then(
          () => "answered",
          () => "refused"
        )
      )
      assert.strictEqual(refused, "refused")
    })
  )

  it.scopedLive("lets a stream end that ends in time", () =>
    Effect.gen(function* () {
      const streams = yield* openEnded
      const gateway = yield* Stopping.make(configOf(streams.upstream, "30s"))
      const reader = yield* Effect.promise(() => openStream(gateway.url, "one"))
      const stopped = yield* gateway.stop
      assert.lengthOf(gateway.records, 0)
      streams.finish("one")
      const rest = yield* Effect.promise(() => readRest(reader))
      assert.include(rest, " ended")
      assert.isTrue(rest.endsWith("data: [DONE]\n\n"))
      assert.isBelow(yield* stopped, 5_000)
      assert.deepStrictEqual(
        gateway.records.map(({ Outcome, Status }) => [Outcome, Status]),
        [["Completed", 200]]
      )
    })
  )

  it.scopedLive("waits for the last of several streams", () =>
    Effect.gen(function* () {
      const streams = yield* openEnded
      const gateway = yield* Stopping.make(configOf(streams.upstream, "30s"))
      const names = ["one", "two", "three"]
      const readers = yield* Effect.promise(() => Promise.all(names.map((name) => openStream(gateway.url, name))))
      const stopped = yield* gateway.stop
      for (const [index, reader] of readers.entries()) {
        assert.lengthOf(gateway.records, index)
        streams.finish(names[index] ?? "")
        const rest = yield* Effect.promise(() => readRest(reader))
        assert.isTrue(rest.endsWith("data: [DONE]\n\n"))
        yield* Effect.promise(() => until(() => gateway.records.length === index + 1))
      }
      yield* stopped
      assert.deepStrictEqual(
        gateway.records.map(({ Outcome }) => Outcome),
        ["Completed", "Completed", "Completed"]
      )
    })
  )

  it.scopedLive("cuts a stream at the deadline: an error frame, no [DONE], and no proper end of the response", () =>
    Effect.gen(function* () {
      const streams = yield* openEnded
      const gateway = yield* Stopping.make(configOf(streams.upstream, "150ms"))
      const reader = yield* Effect.promise(() => openStream(gateway.url, "one"))
      const stopped = yield* gateway.stop
      const rest = yield* Effect.promise(() => readRest(reader))
      assert.deepStrictEqual(errorOf(rest), shuttingDown)
      assert.notInclude(rest, "[DONE]")
      const took = yield* stopped
      assert.isAtLeast(took, 149)
      assert.isBelow(took, 3_000)
      const [record] = gateway.records
      assert.strictEqual(record?.Outcome, "CutByDrain")
      assert.strictEqual(record?.Status, 200)
      assert.include(record?.Response ?? "", "begun")
      assert.isNotNull(record?.Error)
      yield* Effect.promise(() => streams.call("one").closed)
      yield* Effect.promise(() => gateway.log.line("Cutting 1 exchanges at the drain deadline"))
    })
  )

  it.scopedLive("cuts only the streams that are left at the deadline", () =>
    Effect.gen(function* () {
      const streams = yield* openEnded
      const gateway = yield* Stopping.make(configOf(streams.upstream, "400ms"))
      const [one, two, three] = yield* Effect.promise(() =>
        Promise.all(["one", "two", "three"].map((name) => openStream(gateway.url, name)))
      )
      const stopped = yield* gateway.stop
      streams.finish("two")
      if (one === undefined || two === undefined || three === undefined) throw new Error("no streams")
      const rests = yield* Effect.promise(() => Promise.all([one, two, three].map(readRest)))
      assert.deepStrictEqual(errorOf(rests[0] ?? ""), shuttingDown)
      assert.isTrue(rests[1]?.endsWith("data: [DONE]\n\n"))
      assert.deepStrictEqual(errorOf(rests[2] ?? ""), shuttingDown)
      yield* stopped
      assert.deepStrictEqual(
        gateway.records.map(({ Outcome }) => Outcome),
        ["Completed", "CutByDrain", "CutByDrain"]
      )
      assert.strictEqual(gateway.late(), 0)
    })
  )

  it.scopedLive("cuts a stream that is being rescued, and lets go of the other backend", () =>
    Effect.gen(function* () {
      const broken = yield* ScriptedUpstream.make((call) => {
        const half = ScriptedUpstream.chunk({ content: "begun" })
        call.response.writeHead(200, { "content-type": "text/event-stream" })
        call.response.write(`data: ${JSON.stringify(half)}\n\n`, () => call.destroy())
      })
      const asked = Caller.latch<ScriptedUpstream.Call>()
      const next = yield* ScriptedUpstream.make((call) => asked.open(call))
      const gateway = yield* Stopping.make({
        openai_clients: [TestGateway.backend("a", broken.url), TestGateway.backend("b", next.url, { priority: 0 })],
        server: { drain: "150ms" }
      })
      const reader = yield* Effect.promise(() => openStream(gateway.url, "one"))
      const call = yield* Effect.promise(() => asked.promise)
      const stopped = yield* gateway.stop
      assert.deepStrictEqual(errorOf(yield* Effect.promise(() => readRest(reader))), shuttingDown)
      assert.isBelow(yield* stopped, 3_000)
      assert.isTrue(yield* Effect.promise(() => Caller.within(1_000, call.closed)))
      assert.deepStrictEqual(
        gateway.records.map(({ Outcome, Status }) => [Outcome, Status]),
        [["CutByDrain", 200]]
      )
    })
  )

  it.scopedLive("answers 503 at the deadline where nothing has been sent yet, streamed or not", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(() => {})
      const gateway = yield* Stopping.make(configOf(upstream, "150ms"))
      const asked = [ask(gateway.url, { stream: true }), ask(gateway.url)]
      yield* Effect.promise(() => until(() => upstream.received.length === 2))
      const stopped = yield* gateway.stop
      const responses = yield* Effect.promise(() => Promise.all(asked))
      for (const response of responses) {
        assert.strictEqual(response.status, 503)
        assert.strictEqual(response.headers.get("retry-after"), "1")
        assert.match(response.headers.get("x-request-id") ?? "", /^req_/)
        assert.deepStrictEqual(yield* Effect.promise(() => response.json()), shuttingDown)
      }
      yield* stopped
      assert.deepStrictEqual(
        gateway.records.map(({ Outcome, Status }) => [Outcome, Status]),
        [
          ["CutByDrain", 503],
          ["CutByDrain", 503]
        ]
      )
      yield* Effect.promise(() => until(() => upstream.sockets() === 0))
    })
  )

  it.scopedLive("does not wait longer than the deadline for a body that does not end", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hello"))
      const gateway = yield* Stopping.make(configOf(upstream, "150ms"))
      const { received, socket } = yield* Effect.promise(() => RawCaller.connect(gateway.url))
      socket.write("POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n{")
      // Another exchange on another connection shows that the first has arrived.
      yield* Effect.promise(async () => (await ask(gateway.url)).text())
      const took = yield* Effect.flatten(gateway.stop)
      assert.isBelow(took, 3_000)
      yield* Effect.promise(() => until(() => received.ended))
      assert.match(received.text, /^HTTP\/1\.1 503 /)
      assert.include(received.text, JSON.stringify(shuttingDown))
      assert.deepStrictEqual(
        gateway.records.map(({ Outcome }) => Outcome),
        ["Completed", "CutByDrain"]
      )
    })
  )

  it.scopedLive("does not wait for a caller that has stopped reading", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make((call) => {
        const big = ScriptedUpstream.chunk({ content: "x".repeat(100_000) })
        const more = () => {
          if (!call.response.destroyed && call.response.write(`data: ${JSON.stringify(big)}\n\n`)) setImmediate(more)
        }
        call.open()
        call.response.on("drain", more)
        more()
      })
      const gateway = yield* Stopping.make(configOf(upstream, "100ms"))
      const { socket } = yield* Effect.promise(() => RawCaller.connect(gateway.url))
      yield* Effect.addFinalizer(() => Effect.sync(() => socket.destroy()))
      socket.write(RawCaller.request({ ...TestGateway.chat(), stream: true }))
      yield* Effect.promise(() => new Promise((resolve) => socket.once("data", resolve)))
      socket.pause()
      const took = yield* Effect.flatten(gateway.stop)
      assert.isBelow(took, 5_000)
      assert.deepStrictEqual(
        gateway.records.map(({ Outcome }) => Outcome),
        ["CutByDrain"]
      )
    })
  )

  it.scopedLive("lets a request that is not streamed end", () =>
    Effect.gen(function* () {
      let answer = () => {}
      const upstream = yield* ScriptedUpstream.make((call) => {
        answer = () => call.json(200, ScriptedUpstream.completion("Late, but whole"))
      })
      const gateway = yield* Stopping.make(configOf(upstream, "30s"))
      const asked = ask(gateway.url)
      yield* Effect.promise(() => until(() => upstream.received.length === 1))
      const stopped = yield* gateway.stop
      answer()
      const response = yield* Effect.promise(() => asked)
      assert.strictEqual(response.status, 200)
      assert.include(yield* Effect.promise(() => response.text()), "Late, but whole")
      yield* stopped
      assert.deepStrictEqual(
        gateway.records.map(({ Outcome, Status }) => [Outcome, Status]),
        [["Completed", 200]]
      )
    })
  )

  it.scopedLive("fails over for an exchange that was running already", () =>
    Effect.gen(function* () {
      let refuse = () => {}
      const broken = yield* ScriptedUpstream.make((call) => {
        refuse = () => call.json(503, { error: { message: "busy" } })
      })
      const good = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("From the other"))
      const gateway = yield* Stopping.make({
        openai_clients: [TestGateway.backend("a", broken.url), TestGateway.backend("b", good.url, { priority: 0 })]
      })
      const asked = ask(gateway.url)
      yield* Effect.promise(() => until(() => broken.received.length === 1))
      const stopped = yield* gateway.stop
      refuse()
      const response = yield* Effect.promise(() => asked)
      assert.include(yield* Effect.promise(() => response.text()), "From the other")
      yield* stopped
      assert.strictEqual(gateway.records[0]?.Outcome, "Completed")
    })
  )

  it.scopedLive("answers 503 to a request that comes on a connection kept alive, and closes it", () =>
    Effect.gen(function* () {
      const streams = yield* openEnded
      const gateway = yield* Stopping.make(configOf(streams.upstream, "30s"))
      const reader = yield* Effect.promise(() => openStream(gateway.url, "one"))
      const { received, socket } = yield* Effect.promise(() => RawCaller.connect(gateway.url))
      socket.write(
        RawCaller.request({ ...TestGateway.chat(), stream: true, messages: [{ role: "user", content: "two" }] })
      )
      yield* Effect.promise(() => until(() => received.text.includes("begun")))
      const stopped = yield* gateway.stop
      streams.finish("two")
      yield* Effect.promise(() => until(() => received.text.endsWith("0\r\n\r\n")))
      socket.write(RawCaller.request(TestGateway.chat()))
      yield* Effect.promise(() => until(() => received.ended))
      const [, second = ""] = received.text.split("[DONE]")
      assert.match(second, /HTTP\/1\.1 503 /)
      assert.match(second, /connection: close/i)
      assert.include(second, JSON.stringify(shuttingDown))
      streams.finish("one")
      yield* Effect.promise(() => readRest(reader))
      yield* stopped
      assert.deepStrictEqual(gateway.records.map(({ Outcome }) => Outcome).sort(), [
        "Completed",
        "Completed",
        "Draining"
      ])
      assert.strictEqual(gateway.records.find(({ Outcome }) => Outcome === "Draining")?.Status, 503)
      assert.strictEqual(streams.upstream.received.length, 2)
    })
  )

  it.scopedLive("ends with a request that waits behind a stream on the same connection", () =>
    Effect.gen(function* () {
      const streams = yield* openEnded
      const gateway = yield* Stopping.make(configOf(streams.upstream, "200ms"))
      const { received, socket } = yield* Effect.promise(() => RawCaller.connect(gateway.url))
      socket.write(RawCaller.request({ ...TestGateway.chat(), stream: true }))
      yield* Effect.promise(() => until(() => received.text.includes("begun")))
      const stopped = yield* gateway.stop
      socket.write(RawCaller.request(TestGateway.chat()))
      assert.isBelow(yield* stopped, 5_000)
      yield* Effect.promise(() => until(() => received.ended))
      assert.deepStrictEqual(gateway.records.map(({ Outcome }) => Outcome).sort(), ["CutByDrain", "Draining"])
      assert.strictEqual(gateway.late(), 0)
    })
  )

  it.scopedLive("answers 503 to a request whose head was on its way", () =>
    Effect.gen(function* () {
      const streams = yield* openEnded
      const gateway = yield* Stopping.make(configOf(streams.upstream, "30s"))
      const reader = yield* Effect.promise(() => openStream(gateway.url, "one"))
      const { received, socket } = yield* Effect.promise(() => RawCaller.connect(gateway.url))
      const request = RawCaller.request(TestGateway.chat())
      socket.write(request.slice(0, 20))
      // What is sent on a later connection has arrived later.
      yield* Effect.promise(async () => (await fetch(`${gateway.url}/health`)).text())
      const stopped = yield* gateway.stop
      socket.write(request.slice(20))
      yield* Effect.promise(() => until(() => received.ended))
      assert.match(received.text, /^HTTP\/1\.1 503 /)
      streams.finish("one")
      yield* Effect.promise(() => readRest(reader))
      yield* stopped
    })
  )

  it.scopedLive("has the record of every exchange before its log closes, among many that end at once", () =>
    Effect.gen(function* () {
      const streams = yield* openEnded
      const gateway = yield* Stopping.make(configOf(streams.upstream, "200ms"))
      const names = Array.from({ length: 30 }, (_, n) => `s${n}`)
      const readers = yield* Effect.promise(() => Promise.all(names.map((name) => openStream(gateway.url, name))))
      const leaving = readers.splice(0, 5)
      const stopped = yield* gateway.stop
      for (const name of names.slice(5, 15)) streams.finish(name)
      yield* Effect.promise(() => Promise.all(leaving.map((reader) => reader.cancel())))
      yield* Effect.promise(() => Promise.all(readers.map(readRest)))
      yield* stopped
      assert.strictEqual(gateway.late(), 0)
      assert.lengthOf(gateway.records, 30)
      const count = (outcome: string) => gateway.records.filter(({ Outcome }) => Outcome === outcome).length
      assert.deepStrictEqual([count("CallerLeft"), count("Completed"), count("CutByDrain")], [5, 10, 15])
    })
  )
})
