import * as fs from "node:fs"
import * as http from "node:http"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ChildGateway from "./support/ChildGateway.js"
import * as RawCaller from "./support/RawCaller.js"
import * as ScriptedUpstream from "./support/ScriptedUpstream.js"
import * as Temp from "./support/Temp.js"
import { until } from "./support/Until.js"

/** A gateway in a process of its own, with a heap of so many MB. */
const withHeap = (megabytes: number, upstream: ScriptedUpstream.ScriptedUpstream) =>
  Effect.gen(function* () {
    const folder = yield* Temp.directory
    const backend = `{name: a, base_url: "${upstream.url}", model_match: {value: test-model}}`
    fs.writeFileSync(`${folder}/config.yaml`, `openai_clients: [${backend}]\n`)
    const env = { NODE_OPTIONS: `--max-old-space-size=${megabytes}` }
    const gateway = yield* ChildGateway.make({ folder, flags: ["--port", "0"], env })
    return { gateway, url: yield* Effect.promise(() => gateway.url) }
  })

/** Asks, and says with which status the answer came; it is read only if `reads`. */
const ask = (url: string, content: string, reads: boolean): Promise<number | undefined> =>
  new Promise((resolve) => {
    const headers = { "content-type": "application/json" }
    const request = http.request(`${url}/v1/chat/completions`, { method: "POST", agent: false, headers })
    request.on("error", () => resolve(undefined))
    request.on("response", (response) => {
      if (reads) response.resume().on("close", () => resolve(response.statusCode))
      else response.pause()
    })
    request.end(JSON.stringify({ model: "test-model", messages: [{ role: "user", content }] }))
  })

const statuses = (all: ReadonlyArray<number | undefined>) => [...new Set(all)].sort()

describe("a small heap", () => {
  it.scopedLive("bears more large requests at once than it could hold", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hi"))
      const { gateway, url } = yield* withHeap(96, upstream)
      const content = "x".repeat(1_000_000)
      const asked = Array.from({ length: 150 }, () => ask(url, content, true))
      const heard = yield* Effect.promise(() => Promise.all(asked))
      // A slow machine may let some of them wait in vain.
      assert.isTrue(statuses(heard).every((status) => status === 200 || status === 503))
      assert.include(heard, 200)
      assert.strictEqual(yield* Effect.promise(() => ask(url, "Hi", true)), 200)
      assert.notInclude(gateway.stderr(), "heap out of memory")
    })
  )

  it.scopedLive("bears a request that comes in chunks of one byte", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hi"))
      const { gateway, url } = yield* withHeap(96, upstream)
      const body = JSON.stringify({
        model: "test-model",
        messages: [{ role: "user", content: "x".repeat(1_500_000) }]
      })
      const chunked = Buffer.from(`${body.replace(/./gs, "1\r\n$&\r\n")}0\r\n\r\n`)
      const { received, socket } = yield* Effect.promise(() => RawCaller.connect(url))
      socket.write(RawCaller.chunkedHead)
      socket.write(chunked)
      yield* Effect.promise(() => until(() => received.text.includes("HTTP/1.1 200 OK") || received.ended))
      assert.include(received.text, "HTTP/1.1 200 OK")
      socket.destroy()
      assert.isBelow(gateway.peakMemory(), 400)
    })
  )

  it.scopedLive("bears callers that do not read large answers", () =>
    Effect.gen(function* () {
      const large = "y".repeat(16 * 1024 * 1024)
      const upstream = yield* ScriptedUpstream.make((call) =>
        ScriptedUpstream.answerWell(JSON.stringify(call.received.body).includes("large") ? large : "Hi")(call)
      )
      const { gateway, url } = yield* withHeap(256, upstream)
      for (let count = 0; count < 12; count++) void ask(url, "large", false)
      yield* Effect.sleep("3 seconds")
      assert.strictEqual(yield* Effect.promise(() => ask(url, "Hi", true)), 200)
      // All of them would hold about 1.1 GB.
      assert.isBelow(gateway.peakMemory(), 600)
    })
  )
})
