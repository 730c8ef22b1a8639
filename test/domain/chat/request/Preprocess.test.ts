import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as JsonObject from "../../../../src/domain/json/JsonObject.js"
import * as Preprocess from "../../../../src/domain/chat/request/Preprocess.js"
import { holds } from "../../generators.js"

const clean = (...messages: ReadonlyArray<unknown>) => Preprocess.clean(messages, ["think", "tool_call"])
const user = (content: unknown) => ({ role: "user", content })
const assistant = (content: unknown, over: JsonObject.JsonObject = {}) => ({ role: "assistant", content, ...over })
const text = (value: string) => ({ type: "text", text: value })
const image = { type: "image_url", image_url: { url: "https://x.example/1.png" } }
const sound = { type: "input_audio", input_audio: { data: "AAAA", format: "wav" } }
const call = { id: "c1", type: "function", function: { name: "f", arguments: "{}" } }

/** What cleaning leaves of one text of the assistant. */
const said = (content: string, tags = ["think", "tool_call"]) => {
  const [message] = Preprocess.clean([assistant(content, { name: "kept", tool_calls: [call] })], tags)
  return JsonObject.orEmpty(message)["content"]
}

describe("Preprocess", () => {
  it("trims texts and text parts of every role", () => {
    for (const role of ["system", "developer", "user", "assistant", "tool"]) {
      assert.deepStrictEqual(clean({ role, content: " \n hi \t" }), [{ role, content: "hi" }])
      assert.deepStrictEqual(clean({ role, content: [text("  a "), text("b\n")] }), [
        { role, content: [text("a"), text("b")] }
      ])
    }
  })

  it("removes every block of thought and of inline calls from what the assistant said, then trims again", () => {
    assert.strictEqual(
      said("<think>a\nb</think>\n\n Hello <tool_call>{}\n</tool_call> there <think>c</think> "),
      "Hello  there"
    )
    assert.strictEqual(said("<think>a</think>b<think>c</think>d"), "bd")
    assert.strictEqual(said("<think></think>"), "")
  })

  it("leaves halves of blocks, other tags and other cases alone", () => {
    for (const kept of [
      "<think>open",
      "close</think>",
      "<thinking>a</thinking>",
      "<THINK>a</THINK>",
      "</think>a<think>"
    ]) {
      assert.strictEqual(said(kept), kept)
    }
  })

  it("removes a block that another one's removal made whole", () => {
    assert.strictEqual(said("<thi<think>a</think>nk>b</think>c"), "c")
    assert.strictEqual(said("<think<tool_call></tool_call>>b</think>c"), "c")
  })

  it("removes the blocks of the configured tags, taken literally", () => {
    assert.strictEqual(
      said("<think>a</think><note.x>b</note.x><notezx>c</notezx>", ["note.x"]),
      "<think>a</think><notezx>c</notezx>"
    )
    assert.strictEqual(said("<think>a</think>", []), "<think>a</think>")
  })

  it("leaves the blocks in what others said", () => {
    const kept = "<think>a</think>"
    assert.deepStrictEqual(clean(user(kept)), [user(kept)])
    assert.deepStrictEqual(clean({ role: "system", content: kept }), [{ role: "system", content: kept }])
  })

  it("drops empty messages", () => {
    const empties = ["", "  \n", null, undefined, [], [text(" ")]].map((content) => assistant(content))
    assert.deepStrictEqual(clean(...empties, assistant("<think>x</think>"), user("hi")), [user("hi")])
    assert.deepStrictEqual(clean({ role: "system", content: " " }, { role: "user" }), [])
  })

  it("drops empty text parts, but no others", () => {
    assert.deepStrictEqual(clean(user([text(" "), image, text("a")])), [user([image, text("a")])])
  })

  it("never drops an empty message that carries something else", () => {
    const carriers: ReadonlyArray<JsonObject.JsonObject> = [
      assistant(null, { tool_calls: [call] }),
      assistant("", { function_call: { name: "f", arguments: "" } }),
      assistant("", { reasoning_content: "because" }),
      assistant("", { reasoning: "because" }),
      assistant("", { reasoning_details: [{ type: "reasoning.text", text: "because" }] }),
      assistant(null, { audio: { id: "audio_1" } }),
      assistant(null, { refusal: "No." }),
      { role: "tool", content: "", tool_call_id: "c1" },
      { role: "tool", content: "" },
      user([image]),
      assistant([{ type: "refusal", refusal: "No." }])
    ]
    for (const message of carriers) assert.deepStrictEqual(clean(message), [message])
  })

  it("drops an empty message whose other fields are empty too", () => {
    assert.deepStrictEqual(clean(assistant("", { tool_calls: [], reasoning: "", refusal: null, name: "x" })), [])
  })

  it("keeps the last of consecutive user messages", () => {
    assert.deepStrictEqual(clean(user("a"), user("b"), assistant("c"), user("d"), user([text("e")])), [
      user("b"),
      assistant("c"),
      user([text("e")])
    ])
  })

  it("calls user messages consecutive when only empty messages stood between them", () => {
    assert.deepStrictEqual(clean(user("a"), assistant(" "), user("b"), user("")), [user("b")])
  })

  it("keeps an earlier user message with a picture, sound or file in it", () => {
    for (const part of [image, sound, { type: "file", file: { file_id: "f" } }]) {
      assert.deepStrictEqual(clean(user("a"), user([part]), user("b")), [user([part]), user("b")])
    }
  })

  it("does not merge the messages of other roles", () => {
    const messages = [
      { role: "system", content: "a" },
      { role: "system", content: "b" },
      assistant("c"),
      assistant("d")
    ]
    assert.deepStrictEqual(clean(...messages), messages)
  })

  it("passes unknown fields, parts and messages through", () => {
    const odd = {
      ...user([
        { type: "new", x: 1 },
        { ...text("a"), prompt_cache_breakpoint: { mode: "explicit" } }
      ]),
      vendor: [1]
    }
    assert.deepStrictEqual(clean(odd), [odd])
    assert.deepStrictEqual(clean("not an object", 5), ["not an object", 5])
    assert.deepStrictEqual(clean({ role: "user", content: { odd: true } }), [{ role: "user", content: { odd: true } }])
  })

  it("does not change what it was given", () => {
    const messages = [user([text(" a "), text(" ")]), assistant(" <think>x</think> ")]
    const before = structuredClone(messages)
    clean(...messages)
    assert.deepStrictEqual(messages, before)
  })

  // One caller's message must not hold up all the others: quadratic work on these would outlast any patience.
  it.each([
    ["blocks that are never closed", "<think>".repeat(400_000), "<think>".repeat(400_000)],
    ["blocks within blocks", `${"<think".repeat(200_000)}<think></think>${"></think>".repeat(200_000)}`, ""]
  ])("takes its time in proportion to the text: %s", (_, content, rest) => {
    assert.isTrue(said(content) === rest)
  })

  const words = fc
    .array(
      fc.constantFrom("a", " ", "\n", "<think>", "</think>", "<tool_call>", "</tool_call>", "<thi", "nk>", "héllo"),
      { maxLength: 8 }
    )
    .map((pieces) => pieces.join(""))

  const anyContent = fc.oneof(
    words,
    fc.constantFrom(null, undefined),
    fc.array(fc.oneof(words.map(text), fc.constantFrom<unknown>(image, sound, { type: "refusal", refusal: "no" })), {
      maxLength: 3
    })
  )

  const anyMessages = fc
    .array(
      fc.oneof(
        anyContent.map(user),
        anyContent.map((content) => ({ role: "system", content })),
        fc
          .tuple(anyContent, fc.subarray(["tool_calls", "function_call", "reasoning_content", "audio"]))
          .map(([content, keys]) =>
            assistant(
              content,
              Object.fromEntries(keys.map((key) => [key, key === "tool_calls" ? [call] : { id: "x" }]))
            )
          ),
        anyContent.map((content) => ({ role: "tool", content, tool_call_id: "c1" }))
      ),
      { maxLength: 8 }
    )
    .map((messages) => messages.map((message, n) => ({ ...message, n })))

  const serials = (messages: ReadonlyArray<unknown>) => messages.map((message) => JsonObject.orEmpty(message)["n"])

  const partsOf = (messages: ReadonlyArray<unknown>) =>
    messages.flatMap((message) =>
      JsonObject.listOf(JsonObject.orEmpty(message)["content"]).filter(
        (part) => JsonObject.orEmpty(part)["type"] !== "text"
      )
    )

  it("for any messages: cleaning twice changes nothing more", () =>
    holds(anyMessages, (messages) => assert.deepStrictEqual(clean(...clean(...messages)), clean(...messages)), 500))

  it("for any messages: the result is some of them, in their order", () =>
    holds(
      anyMessages,
      (messages) => {
        const left = serials(clean(...messages))
        assert.deepStrictEqual(
          left,
          serials(messages).filter((n) => left.includes(n))
        )
      },
      500
    ))

  it("for any messages: no call, result, reasoning, picture or sound is lost, nor the last user's words", () =>
    holds(
      anyMessages,
      (messages) => {
        const cleaned = clean(...messages)
        const carried = (list: ReadonlyArray<unknown>) =>
          list
            .map(JsonObject.orEmpty)
            .map(({ role: _, content: __, n: ___, ...carried }) => carried)
            .filter((carried) => Object.keys(carried).length > 0)
        assert.deepStrictEqual(carried(cleaned), carried(messages))
        assert.deepStrictEqual(partsOf(cleaned), partsOf(messages))
        const spoken = messages.filter(
          ({ role, content }) => role === "user" && typeof content === "string" && content.trim() !== ""
        )
        const last = spoken.at(-1)
        const later = messages.slice((last?.n ?? 0) + 1).some(({ role }) => role === "user")
        if (last !== undefined && !later) assert.include(serials(cleaned), last.n)
      },
      500
    ))
})
