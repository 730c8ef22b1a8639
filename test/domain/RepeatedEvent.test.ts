import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as ChatStream from "../../src/domain/ChatStream.js"
import type * as JsonObject from "../../src/domain/JsonObject.js"
import * as RepeatedEvent from "../../src/domain/RepeatedEvent.js"
import { anyMessyAnswer, chunk, delta, holds, options } from "./generators.js"

const said = (content: string) => delta({ content })

/** A memory that has been shown these, each of which left as it came. */
const after = (...chunks: ReadonlyArray<JsonObject.JsonObject>) => {
  const repeated = RepeatedEvent.make()
  for (const each of chunks) repeated.learn(JSON.stringify(each), [each])
  return repeated
}

describe("RepeatedEvent", () => {
  const proven = () => after(said("one"), said("two"))

  it("knows an event again that differs in its text only", () => {
    assert.deepStrictEqual(proven().recall(JSON.stringify(said(" three"))), said(" three"))
  })

  it("believes nothing that it has seen once", () => {
    assert.isUndefined(after(said("one")).recall(JSON.stringify(said("two"))))
    assert.isUndefined(after(said("one"), delta({}, "stop"), said("two")).recall(JSON.stringify(said("three"))))
  })

  it("leaves to the parser what JSON escapes, what is empty and what differs elsewhere", () => {
    const others = [
      said('a "b"'),
      said("a\nb"),
      said("a\\b"),
      said("\u0085"),
      said(""),
      delta({ content: "x" }, "stop")
    ]
    for (const other of others) assert.isUndefined(proven().recall(JSON.stringify(other)))
    assert.isUndefined(proven().recall(JSON.stringify(chunk([], { content: "two" }))))
    assert.isUndefined(proven().recall(JSON.stringify(said("three")).slice(0, -2)))
  })

  it("does not guess which of two equal texts counts", () => {
    const twice = (content: string) => chunk([{ index: 0, delta: { content }, finish_reason: null }], { echo: content })
    assert.isUndefined(after(twice("one"), twice("two")).recall(JSON.stringify(twice("three"))))
  })

  const texts = fc.array(
    fc.oneof(fc.constantFrom("a", "one", " two", "m", "assistant", '"', "\n", "é", "🙂"), fc.string()),
    {
      minLength: 3,
      maxLength: 8
    }
  )

  const chunksOf = (events: ReadonlyArray<string>, prefix: string) => {
    const repair = ChatStream.make(options({ prefix }))
    return events.map((data) => repair.push({ event: undefined, data }))
  }

  // No two events begin alike, so that none is ever recalled.
  const apart = (events: ReadonlyArray<string>) => events.map((data, n) => data.replace("{", `{${" ".repeat(n)}`))

  it("changes nothing of any stream", () => {
    const fields = fc.constantFrom("content", "reasoning_content", "refusal", "unknown", "role")
    holds(fc.tuple(fields, texts, fc.constantFrom("", "> ")), ([field, said, prefix]) => {
      const events = said.map((text) => JSON.stringify(delta({ [field]: text })))
      assert.deepStrictEqual(chunksOf(events, prefix), chunksOf(apart(events), prefix))
    })
    holds(anyMessyAnswer, ({ chunks }) => {
      const said = chunks.flatMap((each) => [JSON.stringify(each), JSON.stringify(each)])
      assert.deepStrictEqual(chunksOf(said, ""), chunksOf(apart(said), ""))
    })
  })
})
