import * as fs from "node:fs"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ConfigRef from "../../src/config/ConfigRef.js"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import type * as Gateway from "../../src/Gateway.js"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as Temp from "../support/Temp.js"
import * as TestGateway from "../support/TestGateway.js"

type Script = (call: ScriptedUpstream.Call) => void
type BackendConfig = Partial<Gateway.Config["openai_clients"][number]>

const { chunk, usageChunk } = ScriptedUpstream

const started = (script: Script, config: BackendConfig = {}) =>
  Effect.gen(function* () {
    const upstream = yield* ScriptedUpstream.make(script)
    const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url, config)] })
    const post = (path: string, body: object) =>
      Effect.promise(async () => {
        const response = await gateway.post(path, body)
        const text = (await Caller.received(response)).text
        assert.strictEqual(response.status, 200, text)
        return text
      })
    return { upstream, gateway, post }
  })

const chatPath = "/v1/chat/completions"
const legacyPath = "/v1/completions"
const prompt = { model: "test-model", prompt: "Hi" }

const textChunk = (text: string, finish: string | null = null, index = 0): object => ({
  id: "cmpl-1",
  object: "text_completion",
  created: 1_700_000_000,
  model: "test-model",
  choices: [{ index, text, logprobs: null, finish_reason: finish }]
})

/** Answers at both endpoints, streamed or not, cut into these pieces. */
const saying =
  (...pieces: ReadonlyArray<string>): Script =>
  (call) => {
    const { body, path } = call.received
    const legacy = !path.includes("chat")
    const whole = pieces.join("")
    if (body["stream"] !== true) {
      if (!legacy) return call.json(200, ScriptedUpstream.completion(whole))
      const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
      return call.json(200, { ...textChunk(whole, "stop"), usage })
    }
    if (legacy) call.events(...pieces.map((piece) => textChunk(piece)), textChunk("", "stop"))
    else {
      call.events(chunk({ role: "assistant", content: "" }), ...pieces.map((content) => chunk({ content })))
      call.events(chunk({}, "stop"))
    }
    call.events(usageChunk(3, 2), "[DONE]")
    call.end()
  }

const streamedText = (text: string, index = 0): string =>
  Caller.chunks(text)
    .flatMap(Caller.choices)
    .filter((choice) => choice["index"] === index)
    .map((choice) => JsonObject.text(choice["text"]) ?? JsonObject.text(JsonObject.orEmpty(choice["delta"])["content"]))
    .join("")

describe("usage in a stream", () => {
  for (const [path, body] of [
    [chatPath, TestGateway.chat()],
    [legacyPath, prompt]
  ] as const) {
    it.scopedLive(`is always asked for upstream and swallowed unless the caller asked, at ${path}`, () =>
      Effect.gen(function* () {
        const { gateway, post, upstream } = yield* started(saying("Hello", " there"))
        for (const options of [undefined, null, {}, { include_usage: false }, { include_usage: null }]) {
          const text = yield* post(path, { ...body, stream: true, stream_options: options })
          assert.notInclude(text, '"usage":{')
          assert.isTrue(Caller.chunks(text).every((each) => Caller.choices(each).length > 0))
          assert.strictEqual(streamedText(text), "Hello there")
        }
        for (const { body } of upstream.received)
          assert.deepStrictEqual(body["stream_options"], { include_usage: true })
        yield* Effect.promise(() => gateway.record(4))
        for (const record of gateway.records) {
          assert.deepStrictEqual([record.PromptTokens, record.CompletionTokens, record.TotalTokens], [3, 2, 5])
        }
      })
    )

    it.scopedLive(`is the last chunk when the caller asked, at ${path}`, () =>
      Effect.gen(function* () {
        const { post, upstream } = yield* started(saying("Hello", " there"))
        const options = { include_usage: true, include_obfuscation: false }
        const text = yield* post(path, { ...body, stream: true, stream_options: options })
        assert.deepStrictEqual(upstream.received[0]?.body["stream_options"], options)
        const events = Caller.events(text)
        assert.strictEqual(events.at(-1), "[DONE]")
        const last = Caller.parse(events.at(-2) ?? "")
        assert.deepStrictEqual(last["choices"], [])
        assert.deepStrictEqual(last["usage"], { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 })
        assert.strictEqual(text.split('"usage":{').length, 2)
      })
    )
  }

  it.scopedLive("comes last and once, however often and wherever the backend sends it", () =>
    Effect.gen(function* () {
      const usage = (n: number) => ({ prompt_tokens: 3, completion_tokens: n, total_tokens: 3 + n })
      const { gateway, post } = yield* started((call) => {
        call.events(chunk({ content: "Hel" }, null, { usage: usage(1) }))
        call.events(chunk({ content: "lo" }, null, { usage: usage(2) }), usageChunk(3, 2))
        call.events(chunk({}, "stop", { usage: null }), { choices: [], cost: "0" }, "[DONE]")
        call.end()
      })
      const text = yield* post(chatPath, {
        ...TestGateway.chat(),
        stream: true,
        stream_options: { include_usage: true }
      })
      const last = Caller.chunks(text).at(-1) ?? {}
      assert.deepStrictEqual(last["choices"], [])
      assert.deepStrictEqual(last["usage"], usage(2))
      assert.strictEqual(text.split('"usage":{').length, 2)
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.strictEqual(record.TotalTokens, 5)
      assert.deepStrictEqual(Caller.recorded(record)["usage"], usage(2))
    })
  )

  for (const [name, last] of [
    ["Groq", chunk({}, "stop", { x_groq: { usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } } })],
    [
      "Moonshot",
      chunk({}, null, {
        choices: [{ index: 0, delta: {}, finish_reason: "stop", usage: { prompt_tokens: 3, completion_tokens: 2 } }]
      })
    ]
  ] as const) {
    it.scopedLive(`is found where ${name} hides it`, () =>
      Effect.gen(function* () {
        const { gateway } = yield* started((call) => {
          call.events(chunk({ content: "Hello" }), last, "[DONE]")
          call.end()
        })
        const total = yield* Effect.promise(async () => {
          const stream = gateway.client.chat.completions.stream({
            ...TestGateway.chat(),
            stream_options: { include_usage: true }
          })
          return (await stream.finalChatCompletion()).usage?.total_tokens
        })
        assert.strictEqual(total, 5)
      })
    )
  }

  it.scopedLive("is left out when the backend has none, and then nothing is invented", () =>
    Effect.gen(function* () {
      const { gateway, post } = yield* started((call) => {
        call.events(chunk({ content: "Hello" }), chunk({}, "stop"), "[DONE]")
        call.end()
      })
      const text = yield* post(chatPath, {
        ...TestGateway.chat(),
        stream: true,
        stream_options: { include_usage: true }
      })
      assert.notInclude(text, '"usage":{')
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.deepStrictEqual([record.PromptTokens, record.TotalTokens], [null, null])
    })
  )

  it.scopedLive("is not asked for when nothing is streamed", () =>
    Effect.gen(function* () {
      const { post, upstream } = yield* started(saying("Hello"))
      const text = yield* post(chatPath, { ...TestGateway.chat(), stream_options: { include_usage: true } })
      assert.notProperty(upstream.received[0]?.body, "stream_options")
      assert.deepStrictEqual(Caller.parse(text)["usage"], { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 })
    })
  )
})

describe("special_prefix", () => {
  const prefix = { special_prefix: "<think>" }
  const cuts: ReadonlyArray<readonly [name: string, pieces: ReadonlyArray<string>, expected: string]> = [
    ["plain content", ["Hello", " there"], "<think>\nHello there"],
    ["content that begins with a newline", ["\nHello", " there"], "<think>\nHello there"],
    ["content that begins with newlines of their own", ["\n", "\n\n", "Hello", "\nthere"], "<think>\nHello\nthere"],
    ["content that begins with nothing", ["", "", "Hello there"], "<think>\nHello there"]
  ]
  for (const [name, pieces, expected] of cuts) {
    it.scopedLive(`comes once before ${name}, streamed or not, chat or legacy`, () =>
      Effect.gen(function* () {
        const { gateway, post } = yield* started(saying(...pieces), prefix)
        assert.deepStrictEqual(Caller.contents(Caller.parse(yield* post(chatPath, TestGateway.chat()))), [expected])
        assert.strictEqual(streamedText(yield* post(chatPath, { ...TestGateway.chat(), stream: true })), expected)
        assert.strictEqual(Caller.choices(Caller.parse(yield* post(legacyPath, prompt)))[0]?.["text"], expected)
        assert.strictEqual(streamedText(yield* post(legacyPath, { ...prompt, stream: true })), expected)
        const record = yield* Effect.promise(() => gateway.record(1))
        assert.deepStrictEqual(Caller.contents(Caller.recorded(record)), [expected])
      })
    )
  }

  it.scopedLive("with a newline of its own adds no second one", () =>
    Effect.gen(function* () {
      const { post } = yield* started(saying("Hello"), { special_prefix: "<think>\n" })
      assert.strictEqual(streamedText(yield* post(chatPath, { ...TestGateway.chat(), stream: true })), "<think>\nHello")
      assert.deepStrictEqual(Caller.contents(Caller.parse(yield* post(chatPath, TestGateway.chat()))), [
        "<think>\nHello"
      ])
    })
  )

  it.scopedLive("comes before each of two choices, streamed", () =>
    Effect.gen(function* () {
      const choice = (index: number, content: string, finish: string | null = null) =>
        chunk({}, null, { choices: [{ index, delta: { content }, finish_reason: finish }] })
      const { post } = yield* started((call) => {
        // The second choice speaks first.
        call.events(choice(1, "B"), choice(0, "A"), choice(1, "b"), choice(0, "a"))
        call.events(choice(0, "", "stop"), choice(1, "", "stop"), "[DONE]")
        call.end()
      }, prefix)
      const text = yield* post(chatPath, { ...TestGateway.chat(), stream: true, n: 2 })
      assert.strictEqual(streamedText(text, 0), "<think>\nAa")
      assert.strictEqual(streamedText(text, 1), "<think>\nBb")
      const all = Caller.chunks(text).flatMap(Caller.choices)
      const roles = all.filter((each) => "role" in JsonObject.orEmpty(each["delta"])).map((each) => each["index"])
      assert.deepStrictEqual(roles, [0, 1])
      assert.deepStrictEqual(all[0]?.["index"], 0)
    })
  )

  it.scopedLive("comes before each of two choices, not streamed", () =>
    Effect.gen(function* () {
      const whole = (index: number, content: string | null) => ({
        index,
        message: { role: "assistant", content },
        finish_reason: "stop"
      })
      const { post } = yield* started(
        (call) => call.json(200, { choices: [whole(0, "A"), whole(1, "B"), whole(2, null)] }),
        prefix
      )
      const text = yield* post(chatPath, { ...TestGateway.chat(), n: 3 })
      assert.deepStrictEqual(Caller.contents(Caller.parse(text)), ["<think>\nA", "<think>\nB", null])
    })
  )

  it.scopedLive("never comes before null content or tool calls", () =>
    Effect.gen(function* () {
      const call = { id: "call_1", type: "function", function: { name: "f", arguments: "{}" } }
      const { gateway, post } = yield* started((each) => {
        if (each.received.body["stream"] === true) {
          each.events(chunk({ role: "assistant", content: null, tool_calls: [{ index: 0, ...call }] }))
          each.events(chunk({}, "tool_calls"), "[DONE]")
          return each.end()
        }
        const message = { role: "assistant", content: null, tool_calls: [call] }
        each.json(200, { choices: [{ index: 0, message, finish_reason: "tool_calls" }] })
      }, prefix)
      const whole = Caller.parse(yield* post(chatPath, TestGateway.chat()))
      assert.deepStrictEqual(Caller.contents(whole), [null])
      const streamed = yield* post(chatPath, { ...TestGateway.chat(), stream: true })
      assert.notInclude(streamed, "think")
      const record = yield* Effect.promise(() => gateway.record(1))
      assert.deepStrictEqual(Caller.contents(Caller.recorded(record)), [null])
      assert.deepStrictEqual(
        JsonObject.orEmpty(Caller.choices(Caller.recorded(record))[0]?.["message"])["tool_calls"],
        JsonObject.orEmpty(Caller.choices(whole)[0]?.["message"])["tool_calls"]
      )
    })
  )
})

describe("messages", () => {
  const sentMessages = (messages: ReadonlyArray<object>, config: BackendConfig = {}) =>
    Effect.gen(function* () {
      const { post, upstream } = yield* started(saying("Hi"), config)
      yield* post(chatPath, { model: "test-model", messages })
      return upstream.received[0]?.body["messages"]
    })

  it.scopedLive("are cleaned: trimmed, thoughts and calls removed from what was said, empty ones dropped", () =>
    Effect.gen(function* () {
      const sent = yield* sentMessages([
        { role: "system", content: "  Be kind. <think>stays</think> \n" },
        { role: "user", content: "first" },
        { role: "user", content: "\n second \n" },
        {
          role: "assistant",
          content: "<think>one\ntwo</think>\n Yes <tool_call>{}</tool_call> and <think></think>no. ",
          vendor: 1
        },
        { role: "assistant", content: "<think>only thoughts</think>" },
        { role: "user", content: "   " },
        {
          role: "user",
          content: [
            { type: "text", text: "  a  " },
            { type: "text", text: " " }
          ]
        }
      ])
      assert.deepStrictEqual(sent, [
        { role: "system", content: "Be kind. <think>stays</think>" },
        { role: "user", content: "second" },
        { role: "assistant", content: "Yes  and no.", vendor: 1 },
        { role: "user", content: [{ type: "text", text: "a" }] }
      ])
    })
  )

  it.scopedLive("keep what carries more than text", () =>
    Effect.gen(function* () {
      const messages = [
        { role: "user", content: [{ type: "image_url", image_url: { url: "data:," } }] },
        { role: "user", content: "What is it?" },
        { role: "assistant", content: "", tool_calls: [{ id: "1", type: "function", function: { name: "f" } }] },
        { role: "tool", tool_call_id: "1", content: "" },
        { role: "assistant", content: null, reasoning_content: "hm" },
        { role: "assistant", content: null, function_call: { name: "f", arguments: "{}" } },
        { role: "user", content: "Go on", name: "Ann" }
      ]
      assert.deepStrictEqual(yield* sentMessages(messages), messages)
    })
  )

  it.scopedLive(
    "of the user in a row all stay where an agent or a rich client asks, or where the configuration says so",
    () =>
      Effect.gen(function* () {
        const turns = [
          { role: "user", content: "Title this:" },
          { role: "user", content: "the words" }
        ]
        const picture = { role: "user", content: [{ type: "image_url", image_url: { url: "data:," } }] }
        assert.deepStrictEqual(yield* sentMessages(turns), turns.slice(1))
        assert.deepStrictEqual(yield* sentMessages([...turns, picture]), [...turns, picture])
        assert.deepStrictEqual(yield* sentMessages(turns, { clean: { user_turns: "keep" } }), turns)
        assert.deepStrictEqual(yield* sentMessages(turns, { clean: { user_turns: "join" } }), [
          { role: "user", content: "Title this:\n\nthe words" }
        ])
      })
  )

  it.scopedLive("are cleaned as the top of a host's configuration says, where a backend says nothing else", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hi"))
      const config: Gateway.Config = {
        clean: { user_turns: "keep", trim: false },
        openai_clients: [
          TestGateway.backend("as all", upstream.url),
          { name: "other", base_url: upstream.url, model_match: { value: "other" }, clean: { user_turns: "last" } },
          { name: "raw", base_url: upstream.url, model_match: { value: "raw" }, clean: "none" }
        ]
      }
      const gateway = yield* TestGateway.make(config)
      const messages = [
        { role: "user", content: " a " },
        { role: "user", content: " b " },
        { role: "assistant", content: "" }
      ]
      const sent = (model: string) =>
        Effect.promise(async () => {
          await gateway.post(chatPath, { model, messages }).then((response) => response.text())
          return upstream.received.at(-1)?.body["messages"]
        })
      assert.deepStrictEqual(yield* sent("test-model"), messages.slice(0, 2))
      assert.deepStrictEqual(yield* sent("other"), messages.slice(1, 2))
      assert.deepStrictEqual(yield* sent("raw"), messages)
    })
  )

  it.scopedLive("of tools keep their indentation, and quotations their tags", () =>
    Effect.gen(function* () {
      const messages = [
        { role: "user", content: "Read it." },
        {
          role: "assistant",
          content: "It says `<think>` and `</think>`.",
          tool_calls: [{ id: "1", type: "function", function: { name: "f", arguments: "{}" } }]
        },
        { role: "tool", tool_call_id: "1", content: "    if (a) {\n" }
      ]
      assert.deepStrictEqual(yield* sentMessages(messages), messages)
    })
  )

  it.scopedLive("lose the configured tags instead of the usual ones", () =>
    Effect.gen(function* () {
      const said = { role: "assistant", content: "<r>a</r>b<think>c</think>" }
      const asked = { role: "user", content: "Hi" }
      assert.deepStrictEqual(yield* sentMessages([said, asked], { strip_tags: ["r"] }), [
        { role: "assistant", content: "b<think>c</think>" },
        asked
      ])
      assert.deepStrictEqual(yield* sentMessages([said, asked], { strip_tags: [] }), [said, asked])
    })
  )
})

describe("parameters", () => {
  const config = { stop: ["X", "Y"], max_tokens: 100, extra_body: { top_k: 5, seed: 1, deep: { a: 1 } } }
  const cases: ReadonlyArray<readonly [name: string, given: object, expected: object]> = [
    ["nothing given", {}, { stop: ["X", "Y"], max_tokens: 100, top_k: 5, seed: 1, deep: { a: 1 } }],
    ["a stop text", { stop: "Z" }, { stop: ["X", "Y", "Z"] }],
    ["a stop list with one that is configured", { stop: ["Y", "Z"] }, { stop: ["X", "Y", "Z"] }],
    ["null for stop", { stop: null }, { stop: ["X", "Y"] }],
    ["fewer tokens", { max_tokens: 7 }, { max_tokens: 7 }],
    ["more tokens", { max_tokens: 700 }, { max_tokens: 100 }],
    ["null for the tokens", { max_tokens: null }, { max_tokens: 100 }],
    ["more completion tokens", { max_completion_tokens: 700 }, { max_completion_tokens: 100 }],
    ["fewer completion tokens", { max_completion_tokens: 7 }, { max_completion_tokens: 7 }],
    ["what extra_body has too", { seed: 9, deep: { b: 2 } }, { seed: 9, deep: { b: 2 }, top_k: 5 }],
    ["null for what extra_body has too", { seed: null }, { seed: null }]
  ]
  for (const [path, base] of [
    [chatPath, TestGateway.chat()],
    [legacyPath, prompt]
  ] as const) {
    it.scopedLive(`of the backend are applied at ${path}, streamed or not`, () =>
      Effect.gen(function* () {
        const { post, upstream } = yield* started(saying("Hi"), config)
        for (const [name, given, expected] of cases) {
          for (const stream of [false, true]) {
            yield* post(path, { ...base, ...given, stream })
            const sent = upstream.received.at(-1)?.body
            for (const [key, value] of Object.entries(expected)) assert.deepStrictEqual(sent?.[key], value, name)
            if ("max_completion_tokens" in given) assert.notProperty(sent, "max_tokens", name)
          }
        }
      })
    )
  }

  it.scopedLive("given as a JSON text for extra_body, and nothing for a backend without any", () =>
    Effect.gen(function* () {
      const texts = yield* started(saying("Hi"), { extra_body: '{"top_k": 5}', stop: "X" })
      yield* texts.post(chatPath, TestGateway.chat())
      assert.deepStrictEqual(texts.upstream.received[0]?.body, { top_k: 5, ...TestGateway.chat(), stop: ["X"] })
      const none = yield* started(saying("Hi"))
      const body = { ...TestGateway.chat(), stop: null, max_tokens: null }
      yield* none.post(chatPath, body)
      assert.deepStrictEqual(none.upstream.received[0]?.body, body)
    })
  )

  it.scopedLive("of extra_body in a file reach the backend with every digit", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(saying("Hi"))
      const path = `${yield* Temp.directory}/config.yaml`
      const numbers = "seed: 9223372036854775807, temperature: 1.0, big: 12345678901234567890, z: -0.0, top_p: 0.10"
      fs.writeFileSync(
        path,
        `openai_clients: [{name: a, base_url: "${upstream.url}", model_match: {value: test}, extra_body: {${numbers}}}]`
      )
      const file = ConfigRef.layerFile(path).pipe(Layer.provide(NodeFileSystem.layer), Layer.orDie)
      const gateway = yield* TestGateway.make({ openai_clients: [] }, file)
      yield* Effect.promise(() => gateway.post(chatPath, TestGateway.chat()))
      const sent = upstream.received[0]?.text ?? ""
      for (const number of numbers.split(", ")) assert.include(sent, `"${number.replace(": ", '":')}`)
      assert.match(sent, /"top_p":0\.10[,}]/)
    })
  )
})

describe("a legacy completion", () => {
  it.scopedLive("reaches the official client, streamed or not, and is recorded as one", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* started(saying("Once", " upon"))
      const whole = yield* Effect.promise(() => gateway.client.completions.create({ ...prompt, stream: false }))
      assert.strictEqual(whole.object, "text_completion")
      assert.strictEqual(whole.choices[0]?.text, "Once upon")
      assert.strictEqual(whole.usage?.total_tokens, 5)
      const streamed = yield* Effect.promise(async () => {
        let text = ""
        let finish: string | null | undefined
        for await (const each of await gateway.client.completions.create({ ...prompt, stream: true })) {
          assert.strictEqual(each.object, "text_completion")
          text += each.choices[0]?.text ?? ""
          finish = each.choices[0]?.finish_reason ?? finish
        }
        return { text, finish }
      })
      assert.deepStrictEqual(streamed, { text: "Once upon", finish: "stop" })
      assert.strictEqual(upstream.received[1]?.path, "/v1/completions")
      assert.strictEqual(upstream.received[1]?.body["prompt"], "Hi")
      yield* Effect.promise(() => gateway.record(1))
      for (const record of gateway.records) {
        assert.strictEqual(record.Type, "completion")
        assert.strictEqual(record.Outcome, "Completed")
        assert.strictEqual(record.TotalTokens, 5)
        assert.strictEqual(record.FinishReason, "stop")
        assert.strictEqual(Caller.choices(Caller.recorded(record))[0]?.["text"], "Once upon")
        assert.strictEqual(Caller.recorded(record)["object"], "text_completion")
      }
      assert.deepStrictEqual(
        gateway.records.map(({ Stream }) => Stream),
        [0, 1]
      )
    })
  )

  it.scopedLive("may have any kind of prompt, and fails over and breaks off like a chat", () =>
    Effect.gen(function* () {
      const a = yield* ScriptedUpstream.make((call) => call.json(503, { error: { message: "down" } }))
      const b = yield* ScriptedUpstream.make((call) => {
        if (call.received.body["stream"] !== true) return saying("from b")(call)
        call.open()
        const event = `data: ${JSON.stringify(textChunk("Once"))}\n\n`
        call.response.write(event, () => call.destroy())
      })
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", a.url), TestGateway.backend("b", b.url, { priority: 0 })]
      })
      for (const given of [["a", "b"], [1, 2, 3], [[1], [2]], null]) {
        const response = yield* Effect.promise(() => gateway.post(legacyPath, { ...prompt, prompt: given }))
        assert.strictEqual(response.status, 200)
        yield* Effect.promise(() => response.text())
        assert.deepStrictEqual(b.received.at(-1)?.body["prompt"], given)
      }
      const { isWhole, text } = yield* Effect.promise(async () =>
        Caller.received(await gateway.post(legacyPath, { ...prompt, stream: true }))
      )
      assert.isFalse(isWhole)
      assert.notInclude(text, "[DONE]")
      assert.strictEqual(streamedText(text), "Once")
      assert.property(Caller.chunks(text).at(-1), "error")
      const record = yield* Effect.promise(() => gateway.record(4))
      assert.strictEqual(record.Outcome, "UpstreamBroke")
      assert.strictEqual(Caller.choices(Caller.recorded(record))[0]?.["text"], "Once")
    })
  )
})
