import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import OpenAI from "openai"
import type { ChatCompletionChunk } from "openai/resources/chat/completions"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import type * as Gateway from "../../src/Gateway.js"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

type Script = (call: ScriptedUpstream.Call) => void

const { chunk } = ScriptedUpstream

const frame = (data: object): string => `data: ${JSON.stringify(data)}\n\n`

/** The beginning of an answer, and then something when it is on its way. */
const begin =
  (then: Script): Script =>
  (call) => {
    call.events(chunk({ role: "assistant", content: "" }), chunk({ content: "Hel" }))
    call.response.write(frame(chunk({ content: "lo" })), () => then(call))
  }

/** One stream, read three ways: as bytes, by iterating the official client, by its `.stream()` helper. */
const read = (script: Script, timeouts: Gateway.Config["openai_clients"][number]["timeouts"] = {}) =>
  Effect.gen(function* () {
    const closed: Array<Promise<void>> = []
    const upstream = yield* ScriptedUpstream.make((call) => {
      closed.push(call.closed)
      script(call)
    })
    // A second backend that must never be asked: a stream of this one is not rescued.
    const other = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("from the other"))
    const gateway = yield* TestGateway.make({
      openai_clients: [
        TestGateway.backend("a", upstream.url, { timeouts, rescue: "off", breaker: { enabled: false } }),
        TestGateway.backend("b", other.url, { priority: 0 })
      ]
    })
    const body = { ...TestGateway.chat(), stream: true as const }
    const response = yield* Effect.promise(() => gateway.post("/v1/chat/completions", body))
    assert.strictEqual(response.status, 200)
    const text = (yield* Effect.promise(() => Caller.received(response))).text
    const record = yield* Effect.promise(() => gateway.record(0))

    const iterated = yield* Effect.promise(async () => {
      const chunks: Array<ChatCompletionChunk> = []
      const iterate = async () => {
        for await (const each of await gateway.client.chat.completions.create(body)) chunks.push(each)
      }
      const error: unknown = await iterate().then(
        () => undefined,
        (thrown: unknown) => thrown
      )
      return {
        error,
        content: chunks.map((each) => each.choices.find(({ index }) => index === 0)?.delta.content ?? "").join("")
      }
    })
    const helped = yield* Effect.promise(() =>
      gateway.client.chat.completions
        .stream(body)
        .finalChatCompletion()
        .then(
          (answer) => ({ error: undefined, content: answer.choices[0]?.message.content ?? "" }),
          (error: unknown) => ({ error, content: "" })
        )
    )
    assert.strictEqual(other.received.length, 0)
    assert.strictEqual(upstream.received.length, 3)
    return { text, record, iterated, helped, closed }
  })

interface Broken {
  readonly name: string
  readonly script: Script
  readonly timeouts?: Gateway.Config["openai_clients"][number]["timeouts"]
  readonly outcome: "UpstreamBroke" | "UpstreamErrored" | "UpstreamStalled"
  readonly code: string | null
  readonly message?: string
}

const brokenStreams: ReadonlyArray<Broken> = [
  {
    name: "the backend dies",
    script: begin((call) => call.destroy()),
    outcome: "UpstreamBroke",
    code: "upstream_broke"
  },
  {
    name: "the backend dies in the middle of an event",
    script: begin((call) => call.response.write('data: {"id":"x","choi', () => call.destroy())),
    outcome: "UpstreamBroke",
    code: "upstream_broke"
  },
  {
    name: "the stream ends without a finish reason",
    script: begin((call) => call.end()),
    outcome: "UpstreamBroke",
    code: "upstream_broke"
  },
  {
    name: "the stream ends in the middle of an event",
    script: begin((call) => call.response.end('data: {"id":"x","choi')),
    outcome: "UpstreamBroke",
    code: "upstream_broke"
  },
  {
    name: "[DONE] comes without a finish reason",
    script: begin((call) => {
      call.events("[DONE]")
      call.end()
    }),
    outcome: "UpstreamBroke",
    code: "upstream_broke"
  },
  {
    name: "one of two choices never finishes",
    script: begin((call) => {
      const second = [{ index: 1, delta: { content: "two" }, finish_reason: null }]
      call.events(chunk({}, null, { choices: second }), chunk({}, "stop"))
      call.end()
    }),
    outcome: "UpstreamBroke",
    code: "upstream_broke"
  },
  {
    name: "an error object comes",
    script: begin((call) => {
      call.events({ error: { message: "overloaded", type: "server_error", param: null, code: "overloaded" } }, "[DONE]")
      call.end()
    }),
    outcome: "UpstreamErrored",
    code: "overloaded",
    message: "overloaded"
  },
  {
    name: "an event named error comes",
    script: begin((call) => {
      call.write('event: error\ndata: {"message":"boom","code":500}\n\n')
      call.end()
    }),
    outcome: "UpstreamErrored",
    code: "500",
    message: "boom"
  },
  {
    name: "an error text comes",
    script: begin((call) => call.events({ error: "out of memory" })),
    outcome: "UpstreamErrored",
    code: null,
    message: "out of memory"
  },
  {
    name: "llama.cpp's error line comes",
    script: begin((call) => {
      call.write('error: {"code":500,"message":"slot gone","type":"server_error"}\n\ndata: [DONE]\n\n')
      call.end()
    }),
    outcome: "UpstreamErrored",
    code: "500",
    message: "slot gone"
  },
  {
    name: "OpenRouter's error comes with a finish reason of error",
    script: begin((call) => {
      call.events(chunk({ content: "" }, "error", { error: { code: 502, message: "provider gone" } }), "[DONE]")
      call.end()
    }),
    outcome: "UpstreamErrored",
    code: "502",
    message: "provider gone"
  },
  {
    name: "the backend falls silent",
    script: begin(() => {}),
    timeouts: { idle: "100ms" },
    outcome: "UpstreamStalled",
    code: "upstream_stalled"
  },
  {
    name: "the total time passes",
    script: begin((call) => {
      const timer = setInterval(() => call.events(chunk({ content: "" })), 20)
      call.response.on("close", () => clearInterval(timer))
    }),
    timeouts: { total: "250ms", idle: "200ms" },
    outcome: "UpstreamStalled",
    code: "upstream_stalled"
  },
  {
    name: "nothing but comments comes until the total time has passed",
    script: begin((call) => {
      const timer = setInterval(() => call.write(": ping\n\n"), 20)
      call.response.on("close", () => clearInterval(timer))
    }),
    timeouts: { total: "250ms" },
    outcome: "UpstreamStalled",
    code: "upstream_stalled"
  }
]

describe("a stream that breaks after commit ends with an error, never with [DONE], when", () => {
  for (const { code, message, name, outcome, script, timeouts = {} } of brokenStreams) {
    it.scopedLive(name, () =>
      Effect.gen(function* () {
        const { closed, helped, iterated, record, text } = yield* read(script, timeouts)

        assert.notInclude(text, "[DONE]")
        assert.isTrue(text.endsWith("\n\n"))
        const last = Caller.chunks(text).at(-1) ?? {}
        assert.deepStrictEqual(Object.keys(last), ["error"])
        const error = JsonObject.orEmpty(last["error"])
        assert.containsAllKeys(error, ["message", "type", "param", "code"])
        assert.strictEqual(error["code"], code)
        assert.isNotEmpty(error["message"])
        if (message !== undefined) assert.strictEqual(error["message"], message)
        for (const before of Caller.chunks(text).slice(0, -1)) assert.notProperty(before, "error")

        assert.strictEqual(record.Outcome, outcome)
        assert.strictEqual(record.Status, 200)
        assert.isNotNull(record.Error)
        assert.strictEqual(Caller.contents(Caller.recorded(record))[0], "Hello")
        assert.deepStrictEqual(Caller.attempts(record), [`a ${outcome} 200`])

        assert.instanceOf(iterated.error, OpenAI.APIError)
        assert.strictEqual(iterated.content, "Hello")
        assert.instanceOf(helped.error, OpenAI.OpenAIError)
        // Nothing is left running upstream.
        assert.isTrue(yield* Effect.promise(() => Caller.within(1_000, Promise.all(closed))))
      })
    )
  }

  it.scopedLive("the backend dies: the error says nothing of where the backend is", () =>
    Effect.gen(function* () {
      const { record, text } = yield* read(begin((call) => call.destroy()))
      for (const secret of ["127.0.0.1", "ECONNRESET", "other side", "socket"]) assert.notInclude(text, secret)
      assert.strictEqual(record.FinishReason, null)
    })
  )
})

const finished: ReadonlyArray<readonly [name: string, script: Script]> = [
  [
    "finishes and ends without [DONE]",
    begin((call) => {
      call.events(chunk({}, "stop"))
      call.end()
    })
  ],
  [
    "finishes and dies without [DONE]",
    begin((call) => call.response.write(frame(chunk({}, "stop")), () => call.destroy()))
  ],
  [
    "finishes with the last content and without a role, ids or [DONE]",
    (call) => {
      call.events({ choices: [{ delta: { content: "Hel" } }] })
      call.events({ id: "", choices: [{ index: 0, delta: { content: "lo" }, finish_reason: "eos" }] })
      call.end()
    }
  ],
  [
    "leaves its last event open",
    begin((call) => {
      call.events(chunk({}, "stop"))
      call.response.end("data: [DONE]")
    })
  ],
  ["says [DONE] and holds its socket", begin((call) => call.events(chunk({}, "stop"), "[DONE]"))],
  ["says [DONE] and goes on", begin((call) => call.events(chunk({}, "stop"), "[DONE]", chunk({ content: "more" })))],
  [
    "says [DONE] and then an error",
    begin((call) => call.events(chunk({}, "stop"), "[DONE]", { error: { message: "x" } }))
  ],
  [
    "writes CRLF, comments, pings, empty data and no space after the colon",
    (call) => {
      call.open()
      call.write(": hi\r\n\r\nevent: ping\r\ndata: {}\r\n\r\ndata:\r\n\r\nretry: 5\r\n\r\n")
      call.write(`id: 1\r\ndata:${JSON.stringify(chunk({ content: "Hello" }))}\r\n\r\n`)
      call.write(`data:${JSON.stringify(chunk({}, "stop"))}\r\n\r\ndata:[DONE] \r\n\r\n`)
      call.end()
    }
  ],
  [
    "is cut into single bytes, with a BOM",
    (call) => {
      call.open()
      const events = [chunk({ content: "Hello" }), chunk({}, "stop")].map(frame).join("")
      for (const byte of Buffer.from(`\ufeff${events}data: [DONE]\n\n`)) call.write(Uint8Array.of(byte))
      call.end()
    }
  ],
  ["comes as one JSON body", (call) => call.json(200, ScriptedUpstream.completion("Hello"))]
]

describe("a stream is complete when the backend", () => {
  for (const [name, script] of finished) {
    it.scopedLive(name, () =>
      Effect.gen(function* () {
        const { helped, iterated, record, text } = yield* read(script)
        assert.isTrue(text.endsWith("\n\ndata: [DONE]\n\n"), text)
        assert.strictEqual(text.split("[DONE]").length, 2)
        assert.notInclude(text, "error")
        assert.strictEqual(record.Outcome, "Completed")
        assert.strictEqual(record.FinishReason, "stop")
        assert.strictEqual(record.Error, null)
        assert.deepStrictEqual(Caller.contents(Caller.recorded(record)), ["Hello"])
        assert.deepStrictEqual(iterated, { error: undefined, content: "Hello" })
        assert.deepStrictEqual(helped, { error: undefined, content: "Hello" })
      })
    )
  }

  it.scopedLive("says [DONE] and holds its socket: the caller does not wait, and the socket is given up", () =>
    Effect.gen(function* () {
      const started = performance.now()
      const { closed } = yield* read(begin((call) => call.events(chunk({}, "stop"), "[DONE]")))
      assert.isBelow(performance.now() - started, 1_000)
      assert.isTrue(yield* Effect.promise(() => Caller.within(3_000, Promise.all(closed))))
    })
  )

  it.scopedLive("is slow, but never silent for longer than `idle`", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make((call) => {
        const words = ["a", "b", "c", "d", "e"]
        const timer = setInterval(() => {
          const word = words.shift()
          if (word !== undefined) return call.events(chunk({ content: word }))
          clearInterval(timer)
          call.events(chunk({}, "stop"), "[DONE]")
          call.end()
        }, 80)
      })
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", upstream.url, { timeouts: { idle: "300ms" } })]
      })
      const heard = yield* Effect.promise(() => Caller.ask(gateway.client, true))
      assert.strictEqual(heard.content, "abcde")
    })
  )
})

describe("an answer that is not streamed", () => {
  it.scopedLive("is assembled when the backend streams anyway", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make((call) => {
        call.events(chunk({ role: "assistant", content: "Hel" }), chunk({ content: "lo" }))
        call.events(chunk({}, "stop"), ScriptedUpstream.usageChunk(3, 2), "[DONE]")
        call.end()
      })
      const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url)] })
      const answer = yield* Effect.promise(() => gateway.client.chat.completions.create(TestGateway.chat()))
      assert.strictEqual(answer.object, "chat.completion")
      assert.strictEqual(answer.choices[0]?.message.content, "Hello")
      assert.strictEqual(answer.choices[0]?.finish_reason, "stop")
      assert.strictEqual(answer.usage?.total_tokens, 5)
    })
  )

  it.scopedLive("is complete in its fields, with blank lines before it", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make((call) => {
        const choice = { message: { role: "assistant", content: "Hello", reasoning_content: "hm" } }
        call.json(200, `\n\n\n${JSON.stringify({ choices: [choice], system_fingerprint: "fp", citations: ["x"] })}`)
      })
      const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url)] })
      const response = yield* Effect.promise(() => gateway.post("/v1/chat/completions", TestGateway.chat()))
      const answer = yield* Effect.promise(() => Caller.json(response))
      assert.match(String(answer["id"]), /./)
      assert.strictEqual(answer["object"], "chat.completion")
      assert.isTrue(Number.isInteger(answer["created"]))
      assert.strictEqual(answer["model"], "test-model")
      assert.strictEqual(answer["system_fingerprint"], "fp")
      assert.deepStrictEqual(answer["citations"], ["x"])
      assert.deepStrictEqual(Caller.choices(answer), [
        {
          index: 0,
          message: { role: "assistant", content: "Hello", refusal: null, reasoning_content: "hm" },
          logprobs: null,
          finish_reason: "stop"
        }
      ])
    })
  )
})
