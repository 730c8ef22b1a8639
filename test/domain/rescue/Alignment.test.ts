import { assert, describe, it } from "@effect/vitest"
import * as AnswerChunk from "../../../src/domain/chat/answer/AnswerChunk.js"
import * as Alignment from "../../../src/domain/rescue/Alignment.js"
import type * as JsonObject from "../../../src/domain/json/JsonObject.js"
import * as SentAnswer from "../../../src/domain/wire/SentAnswer.js"
import * as TextMatch from "../../../src/domain/text/TextMatch.js"

const answer = (message: object, more: object = {}): JsonObject.JsonObject => ({
  id: "first",
  created: 1,
  model: "m1",
  choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason: null, ...more }]
})

const chunk = (delta: object, finish: string | null = null, index = 0): JsonObject.JsonObject => ({
  id: "second",
  object: "chat.completion.chunk",
  created: 2,
  model: "m2",
  choices: [{ index, delta, finish_reason: finish }]
})

const aligned = (sent: JsonObject.JsonObject, spent?: JsonObject.JsonObject) => {
  const read = SentAnswer.read(sent)
  if (read === undefined) return assert.fail("nobody could go on with it")
  const alignment = Alignment.make(read, TextMatch.repeated, spent)
  return {
    push: (chunk: JsonObject.JsonObject) =>
      alignment.push(AnswerChunk.make(chunk, true))?.map((fresh) => fresh.value()),
    through: alignment.through
  }
}

describe("what was sent", () => {
  it("cannot be gone on with where a call, sound or probabilities are on their way", () => {
    assert.isDefined(SentAnswer.read(answer({ content: "Hello" })))
    assert.isUndefined(SentAnswer.read({}))
    assert.isUndefined(SentAnswer.read(answer({ content: null, tool_calls: [{ id: "x" }] })))
    assert.isUndefined(SentAnswer.read(answer({ content: null, function_call: { name: "f" } })))
    assert.isUndefined(SentAnswer.read(answer({ content: null, audio: { id: "x" } })))
    assert.isUndefined(SentAnswer.read(answer({ content: "Hi" }, { logprobs: { content: [], refusal: null } })))
  })

  it("cannot where pictures or other lists are, but thoughts may be listed, and empty lists are none", () => {
    for (const field of ["images", "annotations", "files", "text_parts"]) {
      assert.isUndefined(SentAnswer.read(answer({ content: "Hello", [field]: [{ type: "x" }] })), field)
      assert.isDefined(SentAnswer.read(answer({ content: "Hello", [field]: [] })), field)
    }
    for (const field of ["reasoning_details", "thinking_blocks", "thought_parts"]) {
      assert.isDefined(SentAnswer.read(answer({ content: "Hello", [field]: [{ type: "x" }] })), field)
    }
  })

  it("can where that choice has finished", () => {
    assert.isDefined(SentAnswer.read(answer({ tool_calls: [{ id: "x" }] }, { finish_reason: "tool_calls" })))
  })

  it("is only text when it is one choice with nothing else on its way", () => {
    const only = (sent: JsonObject.JsonObject) => {
      const read = SentAnswer.read(sent)
      return read === undefined ? undefined : SentAnswer.onlyText(read)
    }
    assert.strictEqual(only(answer({ content: "Hello", reasoning: "hm" })), "Hello")
    assert.isUndefined(only(answer({ content: null, reasoning: "hm" })))
  })
})

describe("Alignment", () => {
  it("passes what goes beyond the sent text, under the first answer's names and without a second role", () => {
    const alignment = aligned(answer({ content: "Hello" }))
    assert.deepStrictEqual(alignment.push(chunk({ role: "assistant", content: "" })), [])
    assert.deepStrictEqual(alignment.push(chunk({ content: "Hel" })), [])
    assert.isFalse(alignment.through())
    const [straddling] = alignment.push(chunk({ content: "lo wor" })) ?? []
    assert.deepStrictEqual(straddling, {
      ...chunk({ content: " wor" }),
      id: "first",
      created: 1,
      model: "m1"
    })
    assert.isTrue(alignment.through())
    assert.deepStrictEqual(alignment.push(chunk({}, "stop"))?.[0]?.["choices"], [
      { index: 0, delta: {}, finish_reason: "stop" }
    ])
  })

  it("ends at the first character that differs", () => {
    const alignment = aligned(answer({ content: "Hello" }))
    assert.deepStrictEqual(alignment.push(chunk({ content: "Hel" })), [])
    assert.isUndefined(alignment.push(chunk({ content: "p" })))
  })

  it("ends where the second answer stops, calls or refuses before it has come so far", () => {
    for (const delta of [{ tool_calls: [{ index: 0 }] }, { refusal: "No." }]) {
      assert.isUndefined(aligned(answer({ content: "Hello" })).push(chunk(delta)))
    }
    assert.isUndefined(aligned(answer({ content: "Hello" })).push(chunk({ content: "Hell" }, "stop")))
  })

  it("passes over the thoughts that lead to a text that was begun", () => {
    const alignment = aligned(answer({ reasoning_content: "first thought", content: "Hello" }))
    assert.deepStrictEqual(alignment.push(chunk({ reasoning_content: "second thought" })), [])
    assert.deepStrictEqual(alignment.push(chunk({ content: "Hello" })), [])
    assert.isTrue(alignment.through())
  })

  it("aligns thoughts while there is nothing else, and lets nothing else come before them", () => {
    const sent = answer({ content: null, reasoning: "I think" })
    const alignment = aligned(sent)
    assert.deepStrictEqual(alignment.push(chunk({ reasoning: "I think so" }))?.[0]?.["choices"], [
      { index: 0, delta: { reasoning: " so" }, finish_reason: null }
    ])
    assert.isUndefined(aligned(sent).push(chunk({ content: "Hello" })))
  })

  it("aligns each choice by itself and repeats nothing of one that has finished", () => {
    const sent = {
      ...answer({ content: "done" }, { finish_reason: "stop" }),
      choices: [
        { index: 0, message: { content: "done" }, finish_reason: "stop" },
        { index: 1, message: { content: "Hel" }, finish_reason: null }
      ]
    }
    const alignment = aligned(sent)
    assert.deepStrictEqual(alignment.push(chunk({ content: "something else" })), [])
    assert.deepStrictEqual(alignment.push(chunk({}, "stop")), [])
    assert.deepStrictEqual(alignment.push(chunk({ content: "Hello" }, null, 1))?.[0]?.["choices"], [
      { index: 1, delta: { content: "lo" }, finish_reason: null }
    ])
  })

  it("sums the usage of both answers", () => {
    const alignment = aligned(answer({ content: "Hello" }), { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 })
    const usage = {
      prompt_tokens: 3,
      completion_tokens: 9,
      total_tokens: 12,
      completion_tokens_details: { reasoning_tokens: 1 }
    }
    const [last] = alignment.push({ ...chunk({}), choices: [], usage }) ?? []
    assert.deepStrictEqual(last?.["usage"], { ...usage, prompt_tokens: 6, completion_tokens: 11, total_tokens: 17 })
  })

  it("works for old completions", () => {
    const sent = { id: "first", created: 1, model: "m", choices: [{ index: 0, text: "Hel", finish_reason: null }] }
    const alignment = aligned(sent)
    const text = (piece: string) => ({ choices: [{ index: 0, text: piece, logprobs: null, finish_reason: null }] })
    assert.deepStrictEqual(alignment.push(text("Hello"))?.[0]?.["choices"], text("lo").choices)
    assert.isUndefined(aligned(sent).push(text("Help")) === undefined ? undefined : aligned(sent).push(text("Hop")))
  })
})
