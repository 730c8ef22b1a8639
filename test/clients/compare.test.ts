import { assert, describe, it } from "@effect/vitest"
import * as Compare from "./Compare.js"
import * as Documented from "./Documented.js"
import type { Seen, SeenError } from "./Normal.js"
import type { Shape } from "./Shape.js"
import { answers, broke, refused } from "./Shape.js"

const good: Seen = {
  text: "do not delete",
  reasoning: "",
  refusal: "",
  toolCalls: [],
  finish: "stop",
  usage: { prompt: 3, completion: 2, total: 5 },
  logprobs: [],
  transcript: "",
  others: [],
  extras: {},
  error: null
}
const seen = (more: Partial<Seen>): Seen => ({ ...good, ...more })
const failed = (more: Partial<SeenError>): Partial<Seen> => ({
  text: "",
  finish: null,
  usage: null,
  error: { status: null, message: "", code: null, said: true, fields: {}, ...more }
})

const pair = (direct: Partial<Seen>, through: Partial<Seen>, expected: Shape["expected"]): Compare.Pair => ({
  shape: { name: "any", proves: [], answer: () => {}, expected },
  client: "openai 6",
  mode: "stream",
  direct: seen(direct),
  through: seen(through)
})

const lost = (
  direct: Partial<Seen>,
  through: Partial<Seen>,
  expected: Shape["expected"] = answers("")
): ReadonlyArray<string> => Compare.compare(pair(direct, through, expected)).losses.map(({ field }) => field)

const call = (name: string, args: unknown) => ({ toolCalls: [{ name, args }] })

describe("what a client alone reads more", () => {
  it("is nothing where both ways are the same", () => {
    assert.deepStrictEqual(Compare.compare(pair({}, {}, answers(""))), { losses: [], gains: false })
  })

  it("is a piece of any text", () => {
    assert.deepStrictEqual(lost({}, { text: "do delete" }), ["text"])
    assert.deepStrictEqual(lost({ text: "do" }, {}), [])
    for (const field of ["reasoning", "refusal", "transcript"] as const) {
      assert.deepStrictEqual(lost({ [field]: "hm" }, {}), [field])
    }
  })

  it("is a call that can be read", () => {
    assert.deepStrictEqual(lost(call("f", { a: 1 }), {}), ["toolCalls"])
    assert.deepStrictEqual(lost(call("f", { a: 1 }), call("f", { a: 2 })), ["toolCalls"])
    assert.deepStrictEqual(lost(call("f", { unreadable: '{"a' }), {}), [])
    assert.deepStrictEqual(lost(call("f", {}), call("f", { a: 1 })), [])
  })

  it("is a finish, a count, a choice, a probability or a field of its own", () => {
    assert.deepStrictEqual(lost({ finish: "length" }, {}), ["finish"])
    assert.deepStrictEqual(lost({ finish: "network_error" }, {}), [])
    assert.deepStrictEqual(lost({}, { usage: null }), ["usage"])
    assert.deepStrictEqual(lost({}, { usage: { prompt: 0, completion: 0, total: 0 } }), ["usage"])
    assert.deepStrictEqual(lost({ others: ["a", "b"] }, { others: ["a"] }), ["others"])
    assert.deepStrictEqual(lost({ logprobs: ["a"] }, {}), ["logprobs"])
    assert.deepStrictEqual(lost({ extras: { "message.images": [1] } }, {}), ["extras"])
  })

  it("is an error that passes for an answer", () => {
    assert.deepStrictEqual(lost(failed({ message: "Overloaded" }), {}), ["error"])
    assert.deepStrictEqual(lost(failed({ message: "Unexpected token", said: false }), {}, broke("do")), ["error"])
    assert.deepStrictEqual(lost(failed({ message: "Unexpected token", said: false }), {}, answers("")), [])
  })

  it("is an answer that becomes an error, unless it had no end", () => {
    assert.deepStrictEqual(lost({}, { ...failed({}), text: good.text }), ["error"])
    assert.deepStrictEqual(lost({ finish: null }, { ...failed({}), text: good.text }), [])
  })

  it("is what an error says", () => {
    const told = { status: 400, message: "400 too many words", code: "words", fields: { limit: 3 } }
    const less = { status: 502, message: "502 no", code: null, fields: {} }
    assert.deepStrictEqual(lost(failed(told), failed(told)), [])
    assert.deepStrictEqual(lost(failed(told), failed(less)), [
      "error.status",
      "error.code",
      "error.message",
      "error.fields"
    ])
    const json = { status: 422, message: '422 {"detail":[{"loc":["n"],"msg":"not permitted"}]}' }
    assert.deepStrictEqual(lost(failed(json), failed({ status: 422, message: "422 n: not permitted" })), [])
    assert.deepStrictEqual(lost(failed(json), failed({ status: 422, message: "422 no" })), ["error.message"])
  })

  it("is meant only where a rule says so", () => {
    const one = pair(
      failed({ status: 500, message: "500 secret words" }),
      failed({ status: 502, code: "upstream_error" }),
      refused(502, "failed")
    )
    const other = pair(failed({ status: 400, message: "400 wrong words" }), failed({ status: 400 }), broke(""))
    const reasons = [one, other].map((each) =>
      Compare.compare(each).losses.map((loss) => Documented.reasonOf(each, loss)?.rule)
    )
    assert.deepStrictEqual(reasons, [["wire.md#22-statuses", "wire.md#22-statuses"], [undefined]])
  })
})
