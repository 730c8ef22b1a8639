import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as JsonObject from "../../../../src/domain/json/JsonObject.js"
import * as ToolCallIds from "../../../../src/domain/chat/answer/ToolCallIds.js"
import { holds } from "../../generators.js"

const call = (id: unknown) => ({ id, type: "function", function: { name: "f", arguments: "{}" } })
const calling = (...ids: ReadonlyArray<unknown>) => ({ role: "assistant", content: null, tool_calls: ids.map(call) })
const result = (id: unknown) => ({ role: "tool", tool_call_id: id, content: "ok" })

/** The ids in messages, calls and results in turn. */
const ids = (messages: ReadonlyArray<unknown>): ReadonlyArray<unknown> =>
  messages
    .map(JsonObject.orEmpty)
    .flatMap(({ tool_call_id: answered, tool_calls: calls }) => [
      ...JsonObject.listOf(calls).map((each) => JsonObject.orEmpty(each)["id"]),
      ...(answered === undefined ? [] : [answered])
    ])

const forms = { alnum9: /^[A-Za-z0-9]{9}$/, safe: /^[A-Za-z0-9_-]+$/ } as const

describe("ToolCallIds", () => {
  it("leaves every id as it is where any will do", () => {
    const messages = [calling("functions.x:0"), result("functions.x:0")]
    assert.strictEqual(ToolCallIds.fit("keep", messages), messages)
  })

  it("leaves messages whose ids fit", () => {
    const nine = [{ role: "user", content: "hi" }, calling("abcDEF123"), result("abcDEF123")]
    assert.strictEqual(ToolCallIds.fit("alnum9", nine), nine)
    const safe = [calling("toolu_01-A"), result("toolu_01-A")]
    assert.strictEqual(ToolCallIds.fit("safe", safe), safe)
  })

  it("maps Kimi's ids for Anthropic, and everything else of the message stays", () => {
    const messages = [{ ...calling("functions.x:0", "ok-1"), vendor: 1 }, result("functions.x:0"), result("ok-1")]
    assert.deepStrictEqual(ToolCallIds.fit("safe", messages), [
      { ...calling("functions_x_0", "ok-1"), vendor: 1 },
      result("functions_x_0"),
      result("ok-1")
    ])
  })

  it("maps OpenAI's ids for Mistral to nine letters or digits, the same in every request", () => {
    const first = ToolCallIds.fit("alnum9", [calling("call_abc"), result("call_abc")])
    const later = ToolCallIds.fit("alnum9", [calling("call_abc"), result("call_abc"), calling("call_def")])
    const [id, answered] = ids(first)
    assert.match(String(id), forms.alnum9)
    assert.strictEqual(answered, id)
    assert.deepStrictEqual(ids(later).slice(0, 2), [id, id])
  })

  it("maps no two ids to one, and none to one in use", () => {
    assert.deepStrictEqual(ids(ToolCallIds.fit("safe", [calling("a.b", "a:b", "a_b", "a_b_1", "é")])), [
      "a_b_2",
      "a_b_3",
      "a_b",
      "a_b_1",
      "_"
    ])
  })

  it("leaves what is no id to the backend to refuse", () => {
    const odd = [calling("", null, 5), result(undefined), "text", { role: "assistant", tool_calls: [null, "x"] }]
    for (const form of ["alnum9", "safe"] as const) assert.deepStrictEqual(ToolCallIds.fit(form, odd), odd)
  })

  it("for any ids: all fit, different ones stay different, and fitting again changes nothing", () => {
    const id = fc.oneof(fc.string({ minLength: 1, maxLength: 3 }), fc.stringMatching(/^[a-c]{9}$/), fc.constant("a_b"))
    holds(fc.tuple(fc.constantFrom("alnum9" as const, "safe" as const), fc.array(id, { maxLength: 12 })), (drawn) => {
      const [form, given] = drawn
      const fitted = ToolCallIds.fit(form, [calling(...given), ...given.map(result)])
      const [calls, results] = [ids(fitted).slice(0, given.length), ids(fitted).slice(given.length)]
      for (const each of calls) assert.match(String(each), forms[form])
      assert.deepStrictEqual(results, calls)
      assert.strictEqual(new Set(calls).size, new Set(given).size)
      assert.strictEqual(ToolCallIds.fit(form, fitted), fitted)
    })
  })
})
