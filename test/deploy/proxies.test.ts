import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"
import * as Programs from "./Programs.js"
import * as Proxies from "./Proxies.js"

const { chunk } = ScriptedUpstream

const streamed = { ...TestGateway.chat(), stream: true }

/** A gateway before this upstream, and a proxy before it, as docs/deploying.md has them. */
const behind = (proxy: Proxies.Proxy, script: (call: ScriptedUpstream.Call) => void | Promise<void>) =>
  Effect.gen(function* () {
    const upstream = yield* ScriptedUpstream.make(script)
    const gateway = yield* TestGateway.make({
      openai_clients: [TestGateway.backend("a", upstream.url, { retries: 0 })],
      server: { hosts: [Proxies.publicName], trusted_proxies: ["127.0.0.1"] }
    })
    const { post } = yield* Proxies.before(proxy, gateway.url)
    return { gateway, post, upstream }
  })

for (const proxy of Proxies.all) {
  const test = it.scopedLive.skipIf(Programs.find(proxy.program) === undefined)

  describe(Programs.titled(`behind ${proxy.program}`, proxy.program), () => {
    test("each event comes when it is sent, and the end of the stream, too", () =>
      Effect.gen(function* () {
        const steps = [Caller.latch(), Caller.latch(), Caller.latch()]
        const { post } = yield* behind(proxy, async (call) => {
          for (const [number, { promise }] of steps.entries()) {
            call.events(chunk({ content: `part-${number} ` }))
            await promise
          }
          call.events(chunk({}, "stop"), "[DONE]")
          call.end()
        })
        yield* Effect.promise(async () => {
          const response = await post(streamed).response
          assert.match(response.headers["content-type"] ?? "", /^text\/event-stream/)
          let text = ""
          // What a proxy held back would never come: the next event is only sent when the last one is here.
          for await (const piece of response) {
            text += String(piece)
            for (const [number, { open }] of steps.entries()) if (text.includes(`part-${number}`)) open()
          }
          assert.isTrue(response.complete)
          assert.strictEqual(Caller.events(text).at(-1), "[DONE]")
        })
      }))

    test(`an answer that breaks off ${proxy.passesBreaksOn ? "is not whole for" : "is told to"} the caller`, () =>
      Effect.gen(function* () {
        const { gateway, post } = yield* behind(proxy, (call) => {
          call.events(chunk({ content: "half of " }))
          setImmediate(call.destroy)
        })
        yield* Effect.promise(async () => {
          const { isWhole, text } = await Caller.received(await post(streamed).response)
          if (proxy.passesBreaksOn) assert.isFalse(isWhole, text)
          assert.include(text, "half of ")
          assert.include(text, '"code":"upstream_broke"')
          assert.notInclude(text, "[DONE]")
          assert.strictEqual((await gateway.record(0)).Outcome, "UpstreamBroke")
        })
      }))

    test("a caller that leaves stops the backend", () =>
      Effect.gen(function* () {
        const closed = Caller.latch()
        const { gateway, post } = yield* behind(proxy, (call) => {
          call.events(chunk({ content: "on and on " }))
          void call.closed.then(() => closed.open())
        })
        yield* Effect.promise(async () => {
          const { request, response } = post(streamed)
          await new Promise<void>((resolve) => void response.then((each) => each.once("data", () => resolve())))
          request.destroy()
          await closed.promise
          assert.strictEqual((await gateway.record(0)).Outcome, "CallerLeft")
        })
      }))

    test("a prompt of megabytes arrives once, with the caller's address, and what fails is asked for once", () =>
      Effect.gen(function* () {
        const { gateway, post, upstream } = yield* behind(proxy, (call) =>
          call.json(503, { error: { message: "no capacity", type: "server_error", param: null, code: null } })
        )
        yield* Effect.promise(async () => {
          const content = "word ".repeat(1_000_000)
          const response = await post({ ...TestGateway.chat(), messages: [{ role: "user", content }] }).response
          assert.strictEqual(response.statusCode, 503)
          assert.include(await Caller.textOf(response), "error")
          assert.strictEqual((await gateway.record(0)).IP, Proxies.callerAddress)
          assert.strictEqual(gateway.records.length, 1)
          assert.strictEqual(upstream.received.length, 1)
        })
      }))
  })
}

describe("what is shipped for proxies", () => {
  it("is in the page that explains it", () => {
    const page = fs.readFileSync(new URL("../../docs/deploying.md", import.meta.url), "utf8")
    for (const name of ["nginx/causeway.conf", "caddy/Caddyfile"]) {
      assert.include(page, `deploy/${name}`)
    }
  })
})
