import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Cleaning from "../../../../src/domain/backend/Cleaning.js"
import * as JsonObject from "../../../../src/domain/json/JsonObject.js"
import * as Preprocess from "../../../../src/domain/chat/request/Preprocess.js"
import { holds } from "../../generators.js"

const cleaned = (
  messages: ReadonlyArray<unknown>,
  cleaning: Partial<Cleaning.Cleaning> = {},
  more: JsonObject.JsonObject = {}
) => Preprocess.clean({ ...more, messages }, { ...Cleaning.usual, ...cleaning })
const clean = (...messages: ReadonlyArray<unknown>) => cleaned(messages).messages
const user = (content: unknown) => ({ role: "user", content })
const assistant = (content: unknown, over: JsonObject.JsonObject = {}) => ({ role: "assistant", content, ...over })
const text = (value: string) => ({ type: "text", text: value })
const image = { type: "image_url", image_url: { url: "https://x.example/1.png" } }
const sound = { type: "input_audio", input_audio: { data: "AAAA", format: "wav" } }
const call = { id: "c1", type: "function", function: { name: "f", arguments: "{}" } }

/** What cleaning leaves of one text of the assistant. */
const said = (content: string, tags = ["think", "tool_call"]) => {
  const [message] = cleaned([assistant(content, { tool_calls: [call] }), user("hi")], { stripTags: tags }).messages
  return JsonObject.orEmpty(message)["content"]
}

describe("Preprocess", () => {
  it("trims texts and text parts of every role", () => {
    for (const role of ["system", "developer", "user", "assistant"]) {
      const [message] = cleaned([{ role, content: " \n hi \t" }, user("x")], { userTurns: "keep" }).messages
      assert.deepStrictEqual(message, { role, content: "hi" })
    }
  })

  it("trims text parts as if they were one text, so that no words run together", () => {
    for (const role of ["system", "developer", "user", "assistant"]) {
      for (const [parts, left] of [
        [
          ["  Hello ", "world\n"],
          ["Hello ", "world"]
        ],
        [
          ["a", " ", "\n", "b"],
          ["a", " ", "\n", "b"]
        ],
        [
          [" ", "\t", "  a ", "", " b ", "\n", " "],
          ["a ", " b"]
        ],
        [[" a "], ["a"]]
      ] as const) {
        const [message] = cleaned([{ role, content: parts.map(text) }, user("x")], { userTurns: "keep" }).messages
        assert.deepStrictEqual(message, { role, content: left.map(text) })
      }
    }
    assert.deepStrictEqual(clean(user([text(" a "), image, text(" "), text(" b "), image, text(" ")])), [
      user([text("a "), image, text(" "), text(" b"), image])
    ])
    const marked = (value: string) => ({ ...text(value), cache_control: { type: "ephemeral" } })
    assert.deepStrictEqual(clean(user([marked(" "), text(" a"), marked(" ")])), [
      user([marked(""), text("a"), marked("")])
    ])
    const apart = [assistant([text("<think>x</think>a "), text(" <think>y</think>"), text(" b ")]), user("c")]
    assert.deepStrictEqual(clean(...apart)[0], assistant([text("a "), text(" "), text(" b")]))
  })

  it("keeps the indentation of the first line where others follow it, but for what the assistant said", () => {
    const code = "    if (a)\n        b()"
    for (const role of ["system", "developer", "user"]) {
      const [message] = clean({ role, content: ` \n\t\r\n${code} \n\n` })
      assert.deepStrictEqual(message, { role, content: code })
      assert.deepStrictEqual(clean({ role, content: [text("\n"), text(`\n${code}\n`), text(" c\n")] }), [
        { role, content: [text(`${code}\n`), text(" c")] }
      ])
      assert.deepStrictEqual(clean({ role, content: "\u00a0\t a\nb" }), [{ role, content: "\t a\nb" }])
      for (const one of ["   a", "   a \n\n", "\n   a"]) {
        assert.deepStrictEqual(clean({ role, content: one }), [{ role, content: "a" }])
      }
    }
    assert.strictEqual(said(`<think>x</think>\n ${code}`), code.trimStart())
  })

  it("does not touch what is gone on with: an answer that is begun, wherever it is said so", () => {
    for (const begun of [
      assistant("The answer is "),
      assistant(" \n```json\n"),
      assistant("<think>\n\n</think>\n\n"),
      assistant([text(" a "), text(" ")]),
      assistant("a ", { prefix: true })
    ]) {
      const messages = [user("a"), begun]
      assert.strictEqual(cleaned(messages).messages, messages)
    }
    const earlier = [user("a"), assistant("b ", { prefix: true }), user("c")]
    assert.strictEqual(cleaned(earlier).messages, earlier)
    for (const body of [{ continue_final_message: true }, { add_generation_prompt: false }]) {
      const messages = [user("Once upon a ")]
      assert.strictEqual(cleaned(messages, {}, body).messages, messages)
    }
    for (const body of [{ continue_final_message: false }, { add_generation_prompt: true }]) {
      assert.deepStrictEqual(cleaned([user("a ")], {}, body).messages, [user("a")])
    }
    assert.deepStrictEqual(clean(assistant("a "), user("b")), [assistant("a"), user("b")])
    assert.deepStrictEqual(clean(user("a "), { ...user("b "), prefix: true }, user("c")), [
      user("a"),
      { ...user("b"), prefix: true },
      user("c")
    ])
  })

  it("drops an answer that is begun with nothing but white space", () => {
    for (const content of [" \n", "", [text(" ")]]) {
      assert.deepStrictEqual(clean(user("a"), assistant(content)), [user("a")])
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
      { role: "function", name: "f", content: "" },
      assistant("", { signature: "s" }),
      assistant("", { thinking_blocks: [{ type: "thinking", thinking: "t", signature: "s" }] }),
      assistant("", { images: [{ type: "image_url" }] }),
      assistant("", { vendor: false }),
      assistant("", { vendor: 0 }),
      user([{ ...text(""), cache_control: { type: "ephemeral" } }]),
      { role: "system", content: "", cache_control: { type: "ephemeral" } },
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
      const messages = [user("a"), user([part]), user("b")]
      assert.deepStrictEqual(clean(...messages), messages)
      assert.deepStrictEqual(cleaned(messages, { userTurns: "last" }).messages, [user([part]), user("b")])
    }
  })

  describe("of consecutive user messages", () => {
    const turns = [user("a"), user([text("b"), text("c")]), assistant("d"), user("e")]

    it("auto keeps all where the request shows an agent or a rich client", () => {
      const tool = { type: "function", function: { name: "f" } }
      const shown: ReadonlyArray<readonly [ReadonlyArray<unknown>, JsonObject.JsonObject?]> = [
        [[], { tools: [tool] }],
        [[], { tools: [] }],
        [[], { functions: [{ name: "f" }] }],
        [[assistant(null, { tool_calls: [call] })]],
        [[assistant(null, { function_call: { name: "f", arguments: "{}" } })]],
        [[{ role: "tool", tool_call_id: "c1", content: "" }]],
        [[{ role: "function", name: "f", content: "" }]],
        [[user([text("x"), image])]],
        [[user([{ ...text("x"), cache_control: { type: "ephemeral" } }])]],
        [[user([{ type: "input_text", text: "x" }])]],
        [[user({ odd: true })]],
        [[{ ...user("x"), cache_control: { type: "ephemeral" } }]]
      ]
      for (const [more, body] of shown) {
        const messages = [...turns, ...more]
        const { messages: left, userTurns } = cleaned(messages, {}, body)
        assert.strictEqual(left, messages, JSON.stringify([more, body]))
        assert.strictEqual(userTurns, 0)
        assert.deepStrictEqual(cleaned(messages, { userTurns: "last" }, body).messages[0], turns[1])
      }
    })

    it("auto keeps the last in a plain conversation, and counts the others", () => {
      for (const body of [{}, { tools: null, functions: null, tool_choice: "none" }]) {
        assert.deepStrictEqual(cleaned(turns, {}, body), { messages: turns.slice(1), empty: 0, userTurns: 1 })
      }
      const answered = [...turns, assistant("f", { tool_calls: [], reasoning_content: "r" })]
      assert.lengthOf(clean(...answered), 4)
    })

    it("keep keeps all, last the last whatever the request shows", () => {
      assert.strictEqual(cleaned(turns, { userTurns: "keep" }).messages, turns)
      const tool = { role: "tool", tool_call_id: "c1", content: "" }
      assert.deepStrictEqual(cleaned([...turns, tool], { userTurns: "last" }, { tools: [] }).messages, [
        ...turns.slice(1),
        tool
      ])
    })

    it("join makes one of their texts, with a blank line between", () => {
      const { messages, userTurns } = cleaned([user(" x "), ...turns], { userTurns: "join" })
      assert.deepStrictEqual(messages, [user("x\n\na\n\nb\nc"), assistant("d"), user("e")])
      assert.strictEqual(userTurns, 0)
      const rich = [user("a"), user([image, text("b")]), user("c"), { ...user("d"), vendor: 1 }, user("e"), user("f")]
      assert.deepStrictEqual(cleaned(rich, { userTurns: "join" }).messages, [...rich.slice(0, 4), user("e\n\nf")])
    })

    it("those of different names are of different speakers", () => {
      const spoken = [
        { ...user("a"), name: "Ann" },
        { ...user("b"), name: "Bob" },
        { ...user("c"), name: "Bob" },
        { ...user("d"), name: null }
      ]
      const [ann, bob, again, nobody] = spoken
      for (const userTurns of ["auto", "last"] as const) {
        assert.deepStrictEqual(cleaned(spoken, { userTurns }).messages, [ann, again, nobody])
      }
      const joined = { ...bob, content: "b\n\nc" }
      assert.deepStrictEqual(cleaned(spoken, { userTurns: "join" }).messages, [ann, joined, nobody])
    })

    it("one that says nothing takes nobody's place", () => {
      const untrimmed = [user("a"), user(" ")]
      assert.strictEqual(cleaned(untrimmed, { trim: false }).messages, untrimmed)
      assert.deepStrictEqual(cleaned([user("a"), user("")], { trim: false }).messages, [user("a")])
      assert.deepStrictEqual(clean(user("a"), user(" ")), [user("a")])
    })
  })

  it("never touches what tools and functions said", () => {
    for (const content of ["  indented\n", "<think>a</think>", "", [text(" a "), text(" ")], [], null]) {
      for (const over of [
        { role: "tool", tool_call_id: "c1" },
        { role: "function", name: "f" }
      ]) {
        const [left] = clean({ ...over, content, tool_calls: [] })
        assert.deepStrictEqual(left, { ...over, content, tool_calls: [] })
      }
    }
  })

  it("leaves no empty list behind, of parts or of calls", () => {
    const carried = { reasoning_content: "r" }
    assert.deepStrictEqual(clean(assistant([text(" ")], carried)), [assistant(null, carried)])
    assert.deepStrictEqual(clean(assistant([], carried)), [assistant(null, carried)])
    assert.deepStrictEqual(clean({ ...user([]), vendor: 1 }), [{ ...user(""), vendor: 1 }])
    assert.deepStrictEqual(clean(assistant("a", { tool_calls: [] })), [assistant("a")])
    assert.deepStrictEqual(clean({ role: "assistant", tool_calls: [], ...carried }), [
      { role: "assistant", ...carried }
    ])
  })

  it("leaves quoted tags alone", () => {
    const quoted = [
      "`<think>a</think>`",
      "``a ` <think>b</think>``",
      "```html\n<think>\na\n</think>\n```",
      "~~~\n<think>a</think>\n~~~",
      "So:\n\n    <think>a</think>\n\nis one.",
      'The tags "<think>" and "</think>".'
    ]
    for (const content of quoted) assert.strictEqual(said(content), content)
    assert.strictEqual(said("<think>I say `</think>`</think>`<think>`"), "`<think>`")
  })

  it("keeps a chat of nothing but blocks, for it has words in it", () => {
    const only = assistant(" <think>a</think> ")
    assert.deepStrictEqual(clean(only, user(" ")), [assistant("<think>a</think>")])
    assert.deepStrictEqual(clean(only, user("b")), [user("b")])
  })

  it("says what it took away", () => {
    const { empty, userTurns } = cleaned([assistant(" "), user("a"), user("b"), user("c"), user(" ")])
    assert.deepStrictEqual({ empty, userTurns }, { empty: 2, userTurns: 2 })
  })

  it("does nothing at all where it is turned off, and only what it is asked for", () => {
    const messages = [user(" a "), user(""), assistant(" <think>x</think> ", { tool_calls: [] }), user([])]
    assert.deepStrictEqual(Preprocess.clean({ messages }, Cleaning.none), { messages, empty: 0, userTurns: 0 })
    assert.strictEqual(Preprocess.clean({ messages }, Cleaning.none).messages, messages)
    const untrimmed = { userTurns: "keep", trim: false } as const
    assert.deepStrictEqual(cleaned(messages, untrimmed).messages, [user(" a "), assistant("  ")])
    assert.deepStrictEqual(cleaned(messages, { userTurns: "keep", stripTags: [] }).messages, [
      user("a"),
      assistant("<think>x</think>")
    ])
  })

  it("passes on the very objects that it does not change", () => {
    const parts = [text("a"), image]
    const kept = [{ role: "system", content: "s" }, user(parts), assistant("b"), { role: "tool", content: " c " }]
    assert.strictEqual(cleaned(kept).messages, kept)
    const [, changed, ...rest] = clean(...kept.slice(0, 1), user([...parts, text(" d ")]), ...kept.slice(2))
    assert.strictEqual(JsonObject.listOf(JsonObject.orEmpty(changed)["content"])[1], image)
    for (const [at, message] of rest.entries()) assert.strictEqual(message, kept[at + 2])
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

  /** Which message it was, for it is not to carry more than others do. */
  const serial = Symbol("serial")

  const words = fc
    .array(
      fc.constantFrom(
        "a",
        " ",
        "\n",
        "<think>",
        "</think>",
        "<tool_call>",
        "</tool_call>",
        "<thi",
        "nk>",
        "héllo",
        "`",
        "\n```\n",
        "\n\n",
        "    ",
        "\n\n    ",
        '"'
      ),
      { maxLength: 8 }
    )
    .map((pieces) => pieces.join(""))

  const anyContent = fc.oneof(
    words,
    fc.constantFrom(null, undefined),
    fc.array(
      fc.oneof(
        words.map(text),
        words.map((value) => ({ ...text(value), cache_control: { type: "ephemeral" } })),
        fc.constantFrom<unknown>(image, sound, { type: "refusal", refusal: "no" })
      ),
      { maxLength: 3 }
    )
  )

  const anyMessage = fc.oneof(
    fc
      .tuple(anyContent, fc.constantFrom({}, {}, { name: "Ann" }, { name: "Bob" }, { vendor: false }))
      .map(([content, more]) => ({ ...user(content), ...more })),
    words.map(user),
    words.map(user),
    anyContent.map((content) => ({ role: "system", content })),
    fc
      .tuple(anyContent, fc.subarray(["tool_calls", "function_call", "reasoning_content", "audio", "signature"]))
      .map(([content, keys]) =>
        assistant(content, Object.fromEntries(keys.map((key) => [key, key === "tool_calls" ? [call] : { id: "x" }])))
      ),
    words.map((content) => assistant(content, { tool_calls: [], refusal: null })),
    anyContent.map((content) => ({ role: "tool", content, tool_call_id: "c1" })),
    anyContent.map((content) => ({ role: "function", content, name: "f" }))
  )

  const anyMessages = fc
    .array(anyMessage, { maxLength: 8 })
    .map((messages) => messages.map((message, n) => ({ ...message, [serial]: n })))

  const anyCleaning = fc.record<Cleaning.Cleaning>({
    userTurns: fc.constantFrom("auto", "auto", "last", "join", "keep"),
    trim: fc.boolean(),
    stripTags: fc.subarray(["think", "tool_call"])
  })

  const anyTools = fc.constantFrom({}, {}, { tools: [] }, { continue_final_message: true })

  const any = fc.tuple(anyMessages, anyCleaning, anyTools)

  const serialOf = (message: unknown): number =>
    typeof message === "object" && message !== null && serial in message ? Number(message[serial]) : -1

  const partsOf = (messages: ReadonlyArray<unknown>) =>
    messages.flatMap((message) =>
      JsonObject.listOf(JsonObject.orEmpty(message)["content"]).filter(
        (part) => JsonObject.orEmpty(part)["type"] !== "text" || "cache_control" in JsonObject.orEmpty(part)
      )
    )

  it("for any messages: cleaning twice changes nothing more", () =>
    holds(
      any,
      ([messages, cleaning, body]) => {
        const once = cleaned(messages, cleaning, body).messages
        assert.strictEqual(cleaned(once, cleaning, body).messages, once)
      },
      5_000
    ))

  it("for any messages: the result is some of them, in their order, the very same where they did not change", () =>
    holds(
      any,
      ([messages, cleaning, body]) => {
        const left = cleaned(messages, cleaning, body).messages
        const serials = left.map(serialOf)
        assert.deepStrictEqual(
          serials,
          messages.map(serialOf).filter((n) => serials.includes(n))
        )
        for (const message of left) {
          const before = messages[serialOf(message)]
          if (message !== before) assert.notDeepEqual(message, before)
        }
        if (left !== messages) assert.notDeepEqual(left, messages)
      },
      2_000
    ))

  it("for any messages: no call, result, reasoning, picture, sound or signature is lost, and results are untouched", () =>
    holds(
      any,
      ([messages, cleaning, body]) => {
        const left = cleaned(messages, cleaning, body).messages
        const carried = (list: ReadonlyArray<unknown>) =>
          list
            .map(JsonObject.orEmpty)
            .map(({ role: _, content: __, name: ___, tool_calls: calls, refusal: ____, ...carried }) =>
              JsonObject.listOf(calls).length === 0 ? carried : { ...carried, tool_calls: calls }
            )
            .filter((carried) => Object.keys(carried).length > 0)
            .map((carried) => ({ ...carried, [serial]: 0 }))
        assert.deepStrictEqual(carried(left), carried(messages))
        assert.deepStrictEqual(
          partsOf(left).map((part) => JsonObject.orEmpty(part)["type"]),
          partsOf(messages).map((part) => JsonObject.orEmpty(part)["type"])
        )
        const results = (list: ReadonlyArray<unknown>) =>
          list.filter((message) => ["tool", "function"].includes(String(JsonObject.orEmpty(message)["role"])))
        for (const [at, result] of results(left).entries()) assert.strictEqual(result, results(messages)[at])
        assert.lengthOf(results(left), results(messages).length)
      },
      2_000
    ))

  it("for any messages: no user's words are lost but those that the same one said anew", () =>
    holds(
      any,
      ([messages, cleaning, body]) => {
        const left = cleaned(messages, cleaning, body).messages
        const isLost = ({ content, role }: { readonly role: string; readonly content: unknown }) =>
          role === "user" && typeof content === "string" && content.trim() !== ""
        const texts = left.map((message) => JSON.stringify(JsonObject.orEmpty(message)["content"] ?? "")).join("\n")
        const isThere = (message: { readonly content: unknown }) =>
          left.some((each) => serialOf(each) === serialOf(message)) ||
          texts.includes(JSON.stringify(String(message.content).trim()).slice(1, -1))
        const lost = messages.filter(isLost).filter((message) => !isThere(message))
        if (cleaning.userTurns === "keep" || cleaning.userTurns === "join") assert.deepStrictEqual(lost, [])
        for (const message of lost) {
          const next = messages
            .slice(serialOf(message) + 1)
            .find(({ content, role }) => role === "user" && !(typeof content === "string" && content.trim() === ""))
          assert.isDefined(next)
        }
      },
      2_000
    ))
})
