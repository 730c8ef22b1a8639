import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as AnswerRepair from "../../../../src/domain/chat/answer/AnswerRepair.js"
import type * as JsonObject from "../../../../src/domain/json/JsonObject.js"
import * as WholeAnswer from "../../../../src/domain/chat/answer/WholeAnswer.js"
import { assemble, options, repairWhole } from "../../generators.js"

const message = { role: "assistant", content: "Hello", refusal: null, annotations: [] }
const choice = { index: 0, message, logprobs: null, finish_reason: "stop" }
const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3, prompt_tokens_details: { cached_tokens: 0 } }
const answer = {
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1_790_000_000,
  model: "gpt-4o-mini",
  choices: [choice],
  usage,
  service_tier: "default",
  system_fingerprint: "fp_44709d6fcb"
}

/** The object with some of its fields missing, or replaced by what backends send, or by anything. */
const variants = (
  object: JsonObject.JsonObject,
  known: Readonly<Record<string, ReadonlyArray<unknown>>>
): fc.Arbitrary<JsonObject.JsonObject> => {
  const keys = [...new Set([...Object.keys(object), ...Object.keys(known)])]
  const entry = (key: string) => {
    const same = { weight: 30, arbitrary: fc.constant(object[key]) }
    const other = { weight: 3, arbitrary: fc.constantFrom(undefined, null, ...(known[key] ?? [])) }
    return fc.oneof(same, other, { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 1 }) })
  }
  return fc.tuple(...keys.map(entry)).map((values): JsonObject.JsonObject => {
    const variant: Record<string, unknown> = {}
    for (const [at, key] of keys.entries()) if (values[at] !== undefined) variant[key] = values[at]
    return variant
  })
}

const anyMessage = variants(message, {
  role: ["user"],
  content: ["", [{ type: "text", text: "Hello" }]],
  refusal: ["No.", ""],
  tool_calls: [[], [{ id: "1", type: "function", function: { name: "f", arguments: "{}" } }]],
  reasoning_content: ["Hm."],
  annotations: [[{ type: "url_citation" }]]
})

const anyChoice = anyMessage.chain((message) =>
  variants(
    { ...choice, message },
    {
      index: [1],
      finish_reason: ["length", "content_filter", "eos", "tool_calls", ""],
      stop_reason: [1],
      logprobs: [{}]
    }
  )
)

const anyBody = fc
  .tuple(
    anyChoice,
    anyChoice.map((second) => ({ ...second, index: 1 })),
    fc.boolean()
  )
  .map(([first, second, two]) => (two ? [first, second] : [first]))
  .chain((choices) =>
    variants(
      { ...answer, choices },
      {
        usage: [{ total_tokens: 3 }, {}],
        error: [{ message: "no" }, {}],
        created: [1.5, "1"],
        id: [""],
        service_tier: ["on_demand", "flex"],
        citations: [["u"]]
      }
    )
  )

// A field that says nothing is left out of what is assembled.
const withoutNulls = ({ service_tier: tier, system_fingerprint: print, ...rest }: JsonObject.JsonObject) => ({
  ...rest,
  ...(tier === null || tier === undefined ? {} : { service_tier: tier }),
  ...(print === null || print === undefined ? {} : { system_fingerprint: print })
})

describe("WholeAnswer", () => {
  it("lets an answer of OpenAI's through as it came", () => {
    assert.isTrue(WholeAnswer.isSound(answer))
    assert.isTrue(WholeAnswer.isSound({ ...answer, choices: [choice, { ...choice, index: 1 }] }))
  })

  it("leaves everything else to the repair", () => {
    const { id: _, ...unnamed } = answer
    const calls = [{ id: "1", type: "function", function: { name: "f", arguments: "" } }]
    for (const body of [
      unnamed,
      { ...answer, error: {} },
      { ...answer, system_fingerprint: null },
      { ...answer, service_tier: "on_demand" },
      { ...answer, choices: [] },
      { ...answer, choices: [{ ...choice, index: 1 }] },
      { ...answer, choices: [{ ...choice, finish_reason: null }] },
      { ...answer, choices: [{ ...choice, message: { ...message, tool_calls: calls } }] },
      { ...answer, usage: { total_tokens: 3 } }
    ]) {
      assert.isFalse(WholeAnswer.isSound(body), JSON.stringify(body))
    }
  })

  it("for any body: what is let through is what the repair makes of it", () => {
    let sound = 0
    fc.assert(
      fc.property(anyBody, (body) => {
        if (!WholeAnswer.isSound(body)) return
        sound++
        const repaired = repairWhole(body)
        assert.deepStrictEqual(assemble(repaired), withoutNulls(body))
        assert.deepStrictEqual(repaired.end, AnswerRepair.StreamEnd.Finished())
      }),
      { numRuns: 2_000 }
    )
    assert.isAbove(sound, 100)
  })

  it("is not taken where the backend's prefix or its way to repeat itself has to be minded", () => {
    const take = (over: Partial<AnswerRepair.Options>) => AnswerRepair.make(options(over)).takeWhole(answer)
    assert.isTrue(take({}))
    assert.isFalse(take({ prefix: "<think>" }))
    assert.isFalse(take({ cumulative: true }))
    assert.isFalse(take({ operation: "text" }))
  })
})
