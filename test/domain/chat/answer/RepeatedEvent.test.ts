import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as AnswerChunk from "../../../../src/domain/chat/answer/AnswerChunk.js"
import * as AnswerRepair from "../../../../src/domain/chat/answer/AnswerRepair.js"
import type * as JsonObject from "../../../../src/domain/json/JsonObject.js"
import * as RepeatedEvent from "../../../../src/domain/chat/answer/RepeatedEvent.js"
import * as SseEvents from "../../../../src/domain/wire/SseEvents.js"
import { anyMessyAnswer, chunk, delta, holds, options } from "../../generators.js"

const said = (content: string) => delta({ content })

/** A memory that has been shown these, each of which left as it came. */
const after = (...chunks: ReadonlyArray<JsonObject.JsonObject>) => {
  const repeated = RepeatedEvent.make()
  for (const each of chunks) repeated.learn(JSON.stringify(each), [AnswerChunk.make(each, true)])
  return repeated
}

const piece = (...chunks: ReadonlyArray<JsonObject.JsonObject>) => chunks.map(SseEvents.frame).join("")

describe("RepeatedEvent", () => {
  const proven = () => after(said("one"), said("two"))

  it("knows an event again that differs in its text only", () => {
    const repetition = proven().recall(piece(said(" three")))
    assert.deepStrictEqual(repetition?.value(), said(" three"))
    assert.strictEqual(repetition?.wire(), piece(said(" three")))
    assert.deepStrictEqual(repetition?.repeats, { text: " three", index: 0, field: "content" })
  })

  it("knows several in a piece, whatever their texts are", () => {
    const texts = ["a", ' "b" ', "c\n\t\\", "\u0000", '"},"x', "é🙂", "\ud83d"]
    const recalled = proven().recall(piece(...texts.map(said)))
    assert.strictEqual(recalled?.wire(), piece(...texts.map(said)))
    assert.strictEqual(recalled?.repeats?.text, texts.join(""))
    assert.deepStrictEqual(recalled?.value(), said(texts.join("")))
    assert.strictEqual(proven().recall(piece(said("/")).replace("/", "\\/"))?.repeats?.text, "/")
  })

  it("sends what the repair has made of the others", () => {
    const repeated = RepeatedEvent.make()
    const repaired = (text: string) => ({ ...said(text), model: "other" })
    for (const text of ["one", "two"])
      repeated.learn(JSON.stringify(said(text)), [AnswerChunk.make(repaired(text), true)])
    assert.strictEqual(repeated.recall(piece(said("a"), said("b")))?.wire(), piece(repaired("a"), repaired("b")))
  })

  it("believes nothing that it has seen once", () => {
    assert.isUndefined(after(said("one")).recall(piece(said("two"))))
    assert.isUndefined(after(said("one"), delta({}, "stop"), said("two")).recall(piece(said("three"))))
  })

  it("leaves to the parser what is no such event, or not only", () => {
    const others = [said(""), delta({ content: "x" }, "stop"), chunk([], { content: "two" })]
    for (const other of others) {
      assert.isUndefined(proven().recall(piece(other)))
      assert.isUndefined(proven().recall(piece(said("a"), other)))
    }
    const whole = piece(said("three"))
    for (const part of [
      "",
      whole.slice(0, -1),
      whole.slice(1),
      `${whole}data: `,
      `: comment\n${whole}`,
      SseEvents.done
    ])
      assert.isUndefined(proven().recall(part))
  })

  it("leaves to the parser what is no JSON", () => {
    for (const text of ["a\nb", '"', "\\", "\\x", "\\N", "\\u12", "\u0085", '\\\\"'])
      assert.isUndefined(proven().recall(piece(said("?")).replace("?", text)))
  })

  it("leaves to the parser what adds up beside the text", () => {
    const logprobs = { content: [{ token: "x", logprob: 0, bytes: null, top_logprobs: [] }] }
    const sure = (content: string) => chunk([{ index: 0, delta: { content }, finish_reason: null, logprobs }])
    assert.isUndefined(after(sure("one"), sure("two")).recall(piece(sure("three"))))
  })

  it("learns nothing from an event of several lines", () => {
    const repair = AnswerRepair.make(options())
    const broken = (text: string) => JSON.stringify(said(text)).replace(",", ",\n")
    for (const text of ["one", "two"]) repair.push({ event: undefined, data: broken(text) })
    assert.isUndefined(repair.recall(SseEvents.framed(broken("three"))))
  })

  it("does not guess which of two equal texts counts", () => {
    const twice = (content: string) => chunk([{ index: 0, delta: { content }, finish_reason: null }], { echo: content })
    assert.isUndefined(after(twice("one"), twice("two")).recall(piece(twice("three"))))
  })

  const texts = fc.array(
    fc.oneof(fc.constantFrom("a", "one", " two", "m", "assistant", '"', "\n", "é", "🙂"), fc.string()),
    {
      minLength: 3,
      maxLength: 8
    }
  )

  const chunksOf = (events: ReadonlyArray<string>, prefix: string) => {
    const repair = AnswerRepair.make(options({ prefix }))
    return events.map((data) => {
      const { chunks, end } = repair.push({ event: undefined, data })
      return { chunks: chunks.map((chunk) => chunk.value()), content: chunks.map(({ content }) => content), end }
    })
  }

  // What goes to the caller, where what repeats is not even parsed.
  const wireOf = (events: ReadonlyArray<string>, prefix: string): string => {
    const repair = AnswerRepair.make(options({ prefix }))
    return events
      .map((data) => {
        const repeated = repair.recall(SseEvents.framed(data))
        const chunks = repeated === undefined ? repair.push({ event: undefined, data }).chunks : [repeated]
        return chunks.map((chunk) => chunk.wire()).join("")
      })
      .join("")
  }

  // No two events begin alike, so that none is ever recalled.
  const apart = (events: ReadonlyArray<string>) => events.map((data, n) => data.replace("{", `{${" ".repeat(n)}`))

  it("changes nothing of any stream", () => {
    const fields = fc.constantFrom("content", "reasoning_content", "refusal", "unknown", "role")
    holds(fc.tuple(fields, texts, fc.constantFrom("", "> ")), ([field, said, prefix]) => {
      const events = said.map((text) => JSON.stringify(delta({ [field]: text })))
      const slowly = chunksOf(apart(events), prefix)
      assert.deepStrictEqual(chunksOf(events, prefix), slowly)
      assert.strictEqual(wireOf(events, prefix), piece(...slowly.flatMap(({ chunks }) => chunks)))
    })
    holds(anyMessyAnswer, ({ chunks }) => {
      const said = chunks.flatMap((each) => [JSON.stringify(each), JSON.stringify(each)])
      assert.deepStrictEqual(chunksOf(said, ""), chunksOf(apart(said), ""))
    })
  })
})
