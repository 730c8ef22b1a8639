import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { HeadersTimedOut } from "../../src/domain/failure/Failure.js"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import * as LightScope from "../../src/flow/LightScope.js"
import * as UpstreamCall from "../../src/upstream/UpstreamCall.js"
import * as Asking from "../support/Asking.js"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

/** An upstream that knows the socket of every request it has ever had. */
const counting = (answer: (call: ScriptedUpstream.Call) => void | Promise<void>) =>
  Effect.gen(function* () {
    const used: Array<unknown> = []
    const upstream = yield* ScriptedUpstream.make((call) => {
      used.push(call.response.socket)
      return answer(call)
    })
    const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url)] })
    return { upstream, gateway, used }
  })

describe("the connections to a backend", () => {
  it.scopedLive("are used again after an answer, a stream and an error", () =>
    Effect.gen(function* () {
      const { gateway, used } = yield* counting((call) =>
        call.received.body["user"] === "bad"
          ? call.json(400, { error: { message: "no" } })
          : ScriptedUpstream.answerWell("Hi there")(call)
      )
      for (const more of [{}, { stream: true }, { user: "bad" }, {}, { stream: true }]) {
        yield* Effect.promise(async () =>
          (await gateway.post("/v1/chat/completions", { ...TestGateway.chat(), ...more })).text()
        )
        yield* Effect.promise(Asking.rested)
      }
      yield* Effect.promise(() => gateway.record(4))
      assert.strictEqual(new Set(used).size, 1)
    })
  )

  it.scopedLive("are as many as there are answers under way", () =>
    Effect.gen(function* () {
      const all = Caller.latch()
      let arrived = 0
      const { gateway, used } = yield* counting(async (call) => {
        if (++arrived === 30) all.open()
        await all.promise
        ScriptedUpstream.answerWell("together")(call)
      })
      const heard = yield* Effect.promise(() =>
        Promise.all(Array.from({ length: 30 }, (_, n) => Caller.ask(gateway.client, n % 2 === 0)))
      )
      assert.isTrue(heard.every(({ content }) => content === "together"))
      assert.strictEqual(new Set(used).size, 30)
    })
  )

  it.scopedLive("are not used again after an answer that was given up", () =>
    Effect.gen(function* () {
      const { gateway, used } = yield* counting((call) => {
        if (call.number > 0) return ScriptedUpstream.answerWell("fine")(call)
        call.events(ScriptedUpstream.chunk({ content: "never finished" }))
      })
      yield* Effect.promise(async () => {
        const stream = await gateway.client.chat.completions.create({ ...TestGateway.chat(), stream: true })
        await stream[Symbol.asyncIterator]().next()
        stream.controller.abort()
      })
      yield* Effect.promise(() => gateway.record(0))
      for (const stream of [false, true]) {
        assert.strictEqual((yield* Effect.promise(() => Caller.ask(gateway.client, stream))).content, "fine")
      }
      const [givenUp, ...later] = used
      assert.strictEqual(later.length, 2)
      assert.notInclude(later, givenUp)
    })
  )

  it.scopedLive("that answer two callers at once mix nothing up", () =>
    Effect.gen(function* () {
      const { gateway } = yield* counting((call) => {
        const [message] = JsonObject.listOf(call.received.body["messages"])
        ScriptedUpstream.answerWell(`echo ${JSON.stringify(message)}`)(call)
      })
      const contents = yield* Effect.promise(() =>
        Promise.all(
          Array.from({ length: 50 }, async (_, n) => {
            const messages = [{ role: "user" as const, content: `caller-${n}` }]
            const stream = gateway.client.chat.completions.stream({ model: "test-model", messages })
            return (await stream.finalChatCompletion()).choices[0]?.message.content ?? ""
          })
        )
      )
      for (const [n, content] of contents.entries()) assert.include(content, `"caller-${n}"`)
    })
  )
})

const callOf = (dispatch: () => boolean) =>
  UpstreamCall.open(
    LightScope.make(),
    { dispatch },
    {
      origin: "http://backend.test",
      path: "/",
      method: "POST",
      headers: {},
      body: "",
      connectTimeout: Duration.millis(50),
      headLimit: { after: 10_000, failure: () => new HeadersTimedOut({ after: Duration.seconds(10) }) }
    }
  )

describe("a connection that is not made", () => {
  it.live("within `timeouts.connect` has failed, and was not refused", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(Effect.scoped(callOf(() => true)))
      assert.strictEqual(failure._tag, "ConnectFailed")
      assert.propertyVal(failure, "timedOut", true)
    })
  )
})
