import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Dialect from "../../../src/domain/backend/Dialect.js"
import { holds } from "../generators.js"

const translate = (
  renameParams: Readonly<Record<string, string>>,
  dropParams: ReadonlyArray<string>,
  body: Readonly<Record<string, unknown>>
) => Dialect.translate({ renameParams, dropParams }, body)

describe("Dialect", () => {
  it("changes nothing where nothing differs", () => {
    const body = { model: "m", max_tokens: 5, vendor: null }
    assert.strictEqual(translate({}, [], body), body)
    assert.deepStrictEqual(translate({ seed: "random_seed" }, ["store"], body), body)
  })

  it("renames what the caller gave", () => {
    const names = { max_tokens: "max_completion_tokens" }
    assert.deepStrictEqual(translate(names, [], { model: "m", max_tokens: 5 }), {
      model: "m",
      max_completion_tokens: 5
    })
  })

  it("keeps what the caller gave under the backend's name, unless it is null", () => {
    const names = { max_tokens: "max_completion_tokens" }
    assert.deepStrictEqual(translate(names, [], { max_tokens: 5, max_completion_tokens: 7 }), {
      max_completion_tokens: 7
    })
    assert.deepStrictEqual(translate(names, [], { max_tokens: 5, max_completion_tokens: null }), {
      max_completion_tokens: 5
    })
  })

  it("renames two to one, the first that is set, and one to the other", () => {
    const both = { max_tokens: "limit", max_completion_tokens: "limit" }
    assert.deepStrictEqual(translate(both, [], { max_completion_tokens: 7, max_tokens: 5 }), { limit: 5 })
    assert.deepStrictEqual(translate(both, [], { max_completion_tokens: 7 }), { limit: 7 })
    assert.deepStrictEqual(translate({ a: "b", b: "a" }, [], { a: 1, b: 2 }), { a: 2, b: 1 })
  })

  it("drops last, so a name can be given and taken", () => {
    assert.deepStrictEqual(translate({ a: "b" }, ["b", "c"], { a: 1, c: 2, d: 3 }), { d: 3 })
  })

  it("drops fields of messages, and only of messages", () => {
    const body = {
      reasoning_content: "stays",
      messages: [{ role: "assistant", content: "a", reasoning_content: "r", name: "n" }, "no message"]
    }
    assert.deepStrictEqual(translate({}, ["messages[].reasoning_content", "messages[].name"], body), {
      reasoning_content: "stays",
      messages: [{ role: "assistant", content: "a" }, "no message"]
    })
    assert.deepStrictEqual(translate({}, ["messages[].name"], { prompt: "p" }), { prompt: "p" })
  })

  it("for any body: no dropped and no renamed name is left, and everything else is as it was", () =>
    holds(fc.dictionary(fc.constantFrom("a", "b", "c", "d", "e"), fc.option(fc.nat(9))), (body) => {
      const sent = translate({ a: "b" }, ["c"], body)
      assert.doesNotHaveAnyKeys(sent, ["a", "c"])
      for (const key of ["d", "e"]) assert.strictEqual(sent[key], body[key])
      assert.deepStrictEqual(translate({ a: "b" }, ["c"], sent), sent)
    }))
})
