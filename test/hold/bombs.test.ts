import * as zlib from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

const encodings = { gzip: zlib.gzipSync, deflate: zlib.deflateSync, br: zlib.brotliCompressSync }

const withPadding = (padding: string) =>
  JSON.stringify({ ...TestGateway.chat(), padding }).replace(`"${padding}"`, padding)

const started = (max_values?: number) =>
  Effect.gen(function* () {
    const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hi"))
    const gateway = yield* TestGateway.make({
      openai_clients: [TestGateway.backend("a", upstream.url)],
      ...(max_values === undefined ? {} : { server: { max_values } })
    })
    return { upstream, gateway }
  })

const send = (gateway: TestGateway.TestGateway, encoding: string, body: Uint8Array) =>
  Effect.promise(() =>
    fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", "content-encoding": encoding },
      body
    })
  )

const isRefused = (response: Response, words: RegExp) =>
  Effect.gen(function* () {
    assert.strictEqual(response.status, 413)
    const error = yield* Effect.promise(() => Caller.errorOf(response))
    assert.propertyVal(error, "code", "body_too_complex")
    assert.match(String(error["message"]), words)
  })

describe("a request that would fill the memory", () => {
  for (const [encoding, compress] of Object.entries(encodings)) {
    it.scopedLive(`is refused while it is unpacked: ${encoding}`, () =>
      Effect.gen(function* () {
        const { gateway, upstream } = yield* started()
        const bomb = compress(withPadding(`[${"{},".repeat(10_000_000)}{}]`))
        yield* isRefused(yield* send(gateway, encoding, bomb), /100 times/)
        assert.strictEqual((yield* Effect.promise(() => gateway.record(0))).Outcome, "BodyTooComplex")
        assert.lengthOf(upstream.received, 0)
        yield* Effect.promise(() => Caller.ask(gateway.client, false))
      })
    )
  }

  it.scopedLive("is refused before it is parsed", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* started()
      const many = withPadding(`[${"{},".repeat(600_000)}{}]`)
      const deep = withPadding("[".repeat(10_000) + "]".repeat(10_000))
      yield* isRefused(yield* send(gateway, "identity", Buffer.from(many)), /500000 values/)
      yield* isRefused(yield* send(gateway, "identity", Buffer.from(deep)), /512 levels/)
      const { Outcome, Status } = yield* Effect.promise(() => gateway.record(1))
      assert.deepStrictEqual([Outcome, Status], ["BodyTooComplex", 413])
      assert.lengthOf(upstream.received, 0)
    })
  )

  it.scopedLive("is one of more values than the operator allows", () =>
    Effect.gen(function* () {
      const { gateway } = yield* started(1_000)
      yield* isRefused(
        yield* send(gateway, "identity", Buffer.from(withPadding(`[${"1,".repeat(2_000)}1]`))),
        /1000 values/
      )
      const response = yield* send(gateway, "identity", Buffer.from(withPadding(`[${"1,".repeat(900)}1]`)))
      assert.strictEqual(response.status, 200)
      yield* Effect.promise(() => response.text())
    })
  )

  it.scopedLive("is not one that is only large, or only well compressed", () =>
    Effect.gen(function* () {
      const { gateway } = yield* started()
      const large = withPadding(JSON.stringify("[{".repeat(2_000_000)))
      const small = withPadding(JSON.stringify(" ".repeat(900_000)))
      for (const response of [
        yield* send(gateway, "identity", Buffer.from(large)),
        yield* send(gateway, "gzip", zlib.gzipSync(small))
      ]) {
        assert.strictEqual(response.status, 200)
        yield* Effect.promise(() => response.text())
      }
    })
  )
})

describe("an answer that would fill the memory", () => {
  const answering = (type: string, encoding: string, bytes: Uint8Array) =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(({ response }) => {
        response.writeHead(200, { "content-type": type, "content-encoding": encoding })
        response.end(bytes)
      })
      return yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url)] })
    })

  const values = `[${"{},".repeat(600_000)}{}]`
  const whole = JSON.stringify({ ...ScriptedUpstream.completion("Hi"), padding: 0 }).replace(
    '"padding":0',
    `"padding":${values}`
  )
  const bombs: ReadonlyArray<readonly [what: string, type: string, encoding: string, bytes: Uint8Array]> = [
    ["values", "application/json", "identity", Buffer.from(whole)],
    ["an event of values", "text/event-stream", "identity", Buffer.from(`data: ${whole}\n\n`)],
    ["a compressed body", "application/json", "gzip", zlib.gzipSync(" ".repeat(8_000_000))],
    ["a compressed stream", "text/event-stream", "br", zlib.brotliCompressSync(":\n".repeat(4_000_000))]
  ]
  for (const [what, type, encoding, bytes] of bombs) {
    it.scopedLive(`is a broken one: ${what}`, () =>
      Effect.gen(function* () {
        const gateway = yield* answering(type, encoding, bytes)
        const response = yield* Effect.promise(() =>
          gateway.post("/v1/chat/completions", { ...TestGateway.chat(), stream: type !== "application/json" })
        )
        assert.strictEqual(response.status, 502)
        const record = yield* Effect.promise(() => gateway.record(0))
        assert.match(record.Attempts, /"failure":"ProtocolBroken"/)
      })
    )
  }
})
