import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Gateway from "../../src/Gateway.js"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

type Script = (call: ScriptedUpstream.Call) => void

const well = ScriptedUpstream.answerWell("Hi")
const fails: Script = (call) => call.json(400, { error: { message: "no", type: "t" } })

const user = (content: string) => ({ role: "user", content })
const prompt = [{ role: "system", content: "Use the context." }, user("The context."), user("The question?")]

interface Given {
  readonly script?: Script
  readonly body?: object
  readonly path?: string
  readonly config?: Partial<Gateway.Config["openai_clients"][number]>
}

/** What is told of the cleaning of a request: in the answer's head, and in the row. */
const told = ({ body = {}, config = {}, path = "/v1/chat/completions", script = well }: Given) =>
  Effect.gen(function* () {
    const upstream = yield* ScriptedUpstream.make(script)
    const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url, config)] })
    const response = yield* Effect.promise(() =>
      gateway.post(path, { ...TestGateway.chat(), messages: prompt, ...body }, { origin: "http://localhost:3000" })
    )
    yield* Effect.promise(() => response.text())
    const { Cleaned } = yield* Effect.promise(() => gateway.record(0))
    return [response.headers.get("x-causeway-cleaned"), Cleaned]
  })

const both = (text: string | null) => [text, text]

describe("what cleaning took away", () => {
  for (const stream of [false, true]) {
    it.scopedLive(`is told of an answer, ${stream ? "streamed" : "whole"}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* told({ body: { stream } }), both("user_turns=1"))
      })
    )

    it.scopedLive(`is told with a backend's error, ${stream ? "streamed" : "whole"}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* told({ body: { stream }, script: fails }), both("user_turns=1"))
      })
    )
  }

  it.scopedLive("counts messages that were empty", () =>
    Effect.gen(function* () {
      const messages = [user("a"), { role: "assistant", content: "  " }, { role: "assistant", content: "b" }, user("c")]
      assert.deepStrictEqual(yield* told({ body: { messages } }), both("messages=1"))
    })
  )

  it.scopedLive("is nothing where all stay", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* told({ config: { clean: { user_turns: "keep" } } }), both(null))
      assert.deepStrictEqual(yield* told({ config: { clean: { user_turns: "join" } } }), both(null))
      const tools = [{ type: "function", function: { name: "f", parameters: {} } }]
      assert.deepStrictEqual(yield* told({ body: { tools } }), both(null))
      assert.deepStrictEqual(yield* told({ path: "/v1/completions", body: { prompt: "Hi" } }), both(null))
    })
  )

  it.scopedLive("is what was taken away for the backend that answered", () =>
    Effect.gen(function* () {
      const broken = yield* ScriptedUpstream.make((call) => call.destroy())
      const upstream = yield* ScriptedUpstream.make(well)
      const gateway = yield* TestGateway.make({
        openai_clients: [
          TestGateway.backend("a", broken.url, { retries: 0 }),
          TestGateway.backend("b", upstream.url, { priority: 0, clean: { user_turns: "keep" } })
        ]
      })
      const response = yield* Effect.promise(() =>
        gateway.post("/v1/chat/completions", { ...TestGateway.chat(), messages: prompt })
      )
      yield* Effect.promise(() => response.text())
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.deepStrictEqual([response.headers.get("x-causeway-cleaned"), record.Cleaned], both(null))
      assert.deepStrictEqual(Caller.attempts(record), ["a ConnectionLost null", "b ok 200"])
      assert.deepStrictEqual(upstream.received[0]?.body["messages"], prompt)
    })
  )

  it.scopedLive("may be read by a page", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(well)
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", upstream.url)],
        server: { cors_origins: ["http://localhost:*"] }
      })
      const response = yield* Effect.promise(() =>
        gateway.post("/v1/chat/completions", TestGateway.chat(), { origin: "http://localhost:3000" })
      )
      yield* Effect.promise(() => response.text())
      assert.include(response.headers.get("access-control-expose-headers") ?? "", "x-causeway-cleaned")
    })
  )
})
