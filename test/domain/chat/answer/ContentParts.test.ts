import { assert, describe, it } from "@effect/vitest"
import * as ContentParts from "../../../../src/domain/chat/answer/ContentParts.js"
import { JsonNumber } from "../../../../src/domain/json/JsonNumber.js"

const nothing: ContentParts.Parts = { text: undefined, reasoning: "", refusal: "", others: {} }

describe("ContentParts", () => {
  it("reads as text whatever is no text, numbers with their digits", () => {
    for (const [content, text] of [
      ["a", "a"],
      [5, "5"],
      [new JsonNumber("5.0"), "5.0"],
      [true, "true"],
      [{ a: 1, b: new JsonNumber("1e400") }, '{"a":1,"b":1e400}'],
      [["4", "2"], "42"],
      [[4, new JsonNumber("2.0"), false], "42.0false"]
    ]) {
      assert.deepStrictEqual(ContentParts.read(content), { ...nothing, text })
    }
  })

  it("hears nothing in nothing", () => {
    for (const content of [null, undefined, {}]) assert.deepStrictEqual(ContentParts.read(content), nothing)
    for (const content of [[], "", [{ type: "text" }]]) {
      assert.deepStrictEqual(ContentParts.read(content), { ...nothing, text: "" })
    }
  })

  it("has each part where clients look for it, and loses none", () => {
    const picture = { type: "image_url", image_url: { url: "data:image/png;base64,AA" } }
    const drawn = { type: "output_image", b64_json: "AA" }
    const reference = { type: "reference", reference_ids: [1] }
    assert.deepStrictEqual(
      ContentParts.read([
        { type: "thinking", thinking: [{ type: "text", text: "so" }] },
        { type: "reasoning", text: "hm" },
        {
          type: "reasoning",
          summary: [
            { type: "summary_text", text: "why" },
            { type: "summary_text", text: "!" }
          ]
        },
        { type: "text", text: "a" },
        "b",
        { type: "output_text", text: "c" },
        { text: "d" },
        { type: "refusal", refusal: "no" },
        picture,
        drawn,
        reference,
        { type: "file", file: { file_id: "f" } }
      ]),
      {
        text: "abcd",
        reasoning: "sohmwhy!",
        refusal: "no",
        others: { images: [picture, drawn], reference: [reference], file: [{ type: "file", file: { file_id: "f" } }] }
      }
    )
    assert.deepStrictEqual(ContentParts.read({ type: "text", text: "a" }), { ...nothing, text: "a" })
  })

  it("keeps what a part has beside its words, under no name that means something else", () => {
    const { others } = ContentParts.read([
      { type: "thinking", thinking: "a", signature: "s" },
      { type: "text", text: "b", citations: [1] },
      { type: "tool_calls", x: 1 },
      JSON.parse('{"type":"__proto__","x":1}')
    ])
    assert.deepStrictEqual(others, {
      thinking_parts: [{ type: "thinking", signature: "s" }],
      text_parts: [{ type: "text", citations: [1] }],
      tool_calls_parts: [{ type: "tool_calls", x: 1 }],
      __proto___parts: [{ type: "__proto__", x: 1 }]
    })
  })

  it("reads trains of thought of any kind", () => {
    assert.strictEqual(ContentParts.thoughtOf({ summary: [{ text: "a" }, { text: "b" }] }), "ab")
    assert.strictEqual(ContentParts.thoughtOf([{ type: "text", text: "a" }, "b", { reasoning: "c" }]), "abc")
    assert.strictEqual(ContentParts.thoughtOf({ effort: 1 }), '{"effort":1}')
    assert.isUndefined(ContentParts.thoughtOf(null))
  })
})
