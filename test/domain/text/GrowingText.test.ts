import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as GrowingText from "../../../src/domain/text/GrowingText.js"
import { assemble, chunk, cut, delta, holds, repair } from "../generators.js"

const of = (index: number, fields: object) => ({ index, delta: fields, finish_reason: null })

const shortener = () => {
  const shorten = GrowingText.make()
  return <Choice extends { readonly index: number }>(choice: Choice) => shorten({ ...choice }, choice.index)
}

describe("GrowingText", () => {
  it("takes off what was said before, for each text of each choice", () => {
    const shorten = shortener()
    assert.deepStrictEqual(shorten(of(0, { role: "assistant", reasoning_content: "Hm" })), {
      ...of(0, { role: "assistant", reasoning_content: "Hm" })
    })
    assert.deepStrictEqual(shorten(of(0, { reasoning_content: "Hmm", content: "He" })), {
      ...of(0, { reasoning_content: "m", content: "He" })
    })
    assert.deepStrictEqual(shorten(of(1, { content: "He" })), of(1, { content: "He" }))
    assert.deepStrictEqual(shorten(of(0, { content: "Hello" })), of(0, { content: "llo" }))
    assert.deepStrictEqual(shorten(of(0, { content: "Hello" })), of(0, { content: "" }))
  })

  it("reads a message as a delta", () => {
    const shorten = shortener()
    shorten(of(0, { content: "He" }))
    assert.deepStrictEqual(shorten({ index: 0, message: { content: "Hello" } }), {
      index: 0,
      message: { content: "llo" }
    })
  })

  it("takes a text that begins otherwise for an addition", () => {
    const shorten = shortener()
    const texts = ["He", "llo", "Hello!", ""].map((content) => shorten(of(0, { content }))["delta"])
    assert.deepStrictEqual(texts, [{ content: "He" }, { content: "llo" }, { content: "!" }, { content: "" }])
  })

  it("reads the texts of legacy completions, and leaves all else", () => {
    const shorten = shortener()
    shorten({ index: 0, text: "a" })
    assert.deepStrictEqual(shorten({ index: 0, text: "ab", finish_reason: "stop" }), {
      index: 0,
      text: "b",
      finish_reason: "stop"
    })
    const odd = { index: 0, delta: null, content: 5, text: null }
    assert.deepStrictEqual(shorten(odd), odd)
  })

  it("for any text that grows in any steps: the answer is the text, once", () =>
    holds(
      fc.tuple(fc.string({ minLength: 1, maxLength: 30 }), fc.array(fc.nat(30), { maxLength: 8 })),
      ([text, cuts]) => {
        let grown = ""
        const events = cut(text, cuts).map((piece) => delta({ content: (grown += piece) }))
        const repaired = repair([...events, delta({}, "stop")], { cumulative: true })
        const message = { role: "assistant", content: text, refusal: null }
        assert.deepStrictEqual(assemble(repaired)?.["choices"], [
          { index: 0, message, logprobs: null, finish_reason: "stop" }
        ])
      }
    ))

  it("is not done where the backend is not said to repeat itself", () => {
    const events = [delta({ role: "assistant", content: "ha" }), delta({ content: "haha" }), delta({}, "stop")]
    assert.deepStrictEqual(repair(events).chunks, events)
    assert.deepStrictEqual(
      repair([...events.slice(0, 2), chunk([{ index: 0, delta: {}, finish_reason: "stop" }])], { cumulative: true })
        .chunks[1],
      delta({ content: "ha" })
    )
  })
})
