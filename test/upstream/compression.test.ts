import * as zlib from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

const encodings = {
  gzip: zlib.gzipSync,
  deflate: zlib.deflateSync,
  br: zlib.brotliCompressSync
}

const compressed = (encoding: string, type: string, bytes: Uint8Array) =>
  ScriptedUpstream.make(({ response }) => {
    response.writeHead(200, { "content-type": type, "content-encoding": encoding })
    response.end(bytes)
  })

const gatewayTo = (url: string) => TestGateway.make({ openai_clients: [TestGateway.backend("a", url)] })

describe("a backend that compresses although it was asked not to", () => {
  for (const [encoding, compress] of Object.entries(encodings)) {
    it.scopedLive(`is read all the same: ${encoding}`, () =>
      Effect.gen(function* () {
        const body = compress(JSON.stringify(ScriptedUpstream.completion("Hello")))
        const upstream = yield* compressed(encoding, "application/json", body)
        const gateway = yield* gatewayTo(upstream.url)
        const answer = yield* Effect.promise(() => gateway.client.chat.completions.create(TestGateway.chat()))
        assert.strictEqual(answer.choices[0]?.message.content, "Hello")
      })
    )
  }

  it.scopedLive("is relayed event by event when it flushes", () =>
    Effect.gen(function* () {
      let proceed = () => {}
      const upstream = yield* ScriptedUpstream.make(async ({ response }) => {
        response.writeHead(200, { "content-type": "text/event-stream", "content-encoding": "gzip" })
        const gzip = zlib.createGzip()
        gzip.pipe(response)
        for (const word of ["one", " two"]) {
          const received = new Promise<void>((resolve) => (proceed = resolve))
          gzip.write(`data: ${JSON.stringify(ScriptedUpstream.chunk({ content: word }))}\n\n`)
          gzip.flush()
          await received
        }
        gzip.end(`data: ${JSON.stringify(ScriptedUpstream.chunk({}, "stop"))}\n\ndata: [DONE]\n\n`)
      })
      const gateway = yield* gatewayTo(upstream.url)
      const text = yield* Effect.promise(async () => {
        const stream = await gateway.client.chat.completions.create({ ...TestGateway.chat(), stream: true })
        let text = ""
        for await (const chunk of stream) {
          text += chunk.choices[0]?.delta.content ?? ""
          proceed()
        }
        return text
      })
      assert.strictEqual(text, "one two")
      assert.strictEqual((yield* Effect.promise(() => gateway.record(0))).Outcome, "Completed")
    })
  )

  it.scopedLive("is a broken one when the bytes are not what they claim, or cut short", () =>
    Effect.gen(function* () {
      const whole = zlib.gzipSync(JSON.stringify(ScriptedUpstream.completion("Hello")))
      for (const bytes of [Buffer.from("plain text"), whole.subarray(0, whole.length - 12)]) {
        const upstream = yield* compressed("gzip", "application/json", bytes)
        const gateway = yield* gatewayTo(upstream.url)
        const response = yield* Effect.promise(() => gateway.post("/v1/chat/completions", TestGateway.chat()))
        assert.strictEqual(response.status, 502)
      }
    })
  )

  it.scopedLive("cannot fill the memory: a bomb is refused before it has unpacked", () =>
    Effect.gen(function* () {
      const bomb = zlib.gzipSync(Buffer.alloc(80 * 1024 * 1024, " "))
      const upstream = yield* compressed("gzip", "application/json", bomb)
      const gateway = yield* gatewayTo(upstream.url)
      const response = yield* Effect.promise(() => gateway.post("/v1/chat/completions", TestGateway.chat()))
      assert.strictEqual(response.status, 502)
      assert.match((yield* Effect.promise(() => gateway.record(0))).Error ?? "", /times as large/)
    })
  )
})
