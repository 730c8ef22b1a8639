import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import { JsonNumber } from "../../../src/domain/json/JsonNumber.js"
import * as Parameters from "../../../src/domain/backend/Parameters.js"
import { backend, holds } from "../generators.js"

describe("Parameters", () => {
  it("changes nothing where nothing is configured", () => {
    const body = { model: "m", stop: "x", max_tokens: 5, vendor: { a: 1 } }
    assert.deepStrictEqual(Parameters.apply(backend(), body), body)
  })

  describe("stop", () => {
    it("puts the configured words before the caller's, none twice", () => {
      assert.deepStrictEqual(Parameters.mergeStop(["a", "b"], ["c", "a", "c"]), ["a", "b", "c"])
      assert.deepStrictEqual(Parameters.mergeStop(["a", "a"], "b"), ["a", "b"])
      for (const none of [undefined, null, []]) assert.deepStrictEqual(Parameters.mergeStop(["a"], none), ["a"])
    })

    it("is added to the body only where some is configured", () => {
      assert.deepStrictEqual(Parameters.apply(backend({ stop: "a" }), { stop: "b" }), { stop: ["a", "b"] })
      assert.deepStrictEqual(Parameters.apply(backend({ stop: ["a"] }), {}), { stop: ["a"] })
      assert.deepStrictEqual(Parameters.apply(backend({ stop: [] }), { stop: "b" }), { stop: "b" })
    })

    it("for any words: the union of both, each in its order", () =>
      holds(fc.tuple(fc.array(fc.string({ maxLength: 2 })), fc.array(fc.string({ maxLength: 2 }))), ([own, given]) => {
        const merged = Parameters.mergeStop(own, given)
        assert.deepStrictEqual(merged, [...new Set([...own, ...given])])
        assert.deepStrictEqual(Parameters.mergeStop(own, merged), merged)
      }))
  })

  describe("max_tokens", () => {
    const limited = backend({ max_tokens: 100 })

    it("is the smaller of the caller's and the configured", () => {
      assert.deepStrictEqual(Parameters.apply(limited, { max_tokens: 500 }), { max_tokens: 100 })
      assert.deepStrictEqual(Parameters.apply(limited, { max_tokens: 5 }), { max_tokens: 5 })
      assert.deepStrictEqual(Parameters.apply(limited, { max_tokens: 0 }), { max_tokens: 0 })
    })

    it("is set where the caller gave none", () => {
      assert.deepStrictEqual(Parameters.apply(limited, {}), { max_tokens: 100 })
      assert.deepStrictEqual(Parameters.apply(limited, { max_tokens: null }), { max_tokens: 100 })
    })

    it("is not set where the caller gave max_completion_tokens, which is lowered in its place", () => {
      assert.deepStrictEqual(Parameters.apply(limited, { max_completion_tokens: 500 }), { max_completion_tokens: 100 })
      assert.deepStrictEqual(Parameters.apply(limited, { max_completion_tokens: 5, max_tokens: 500 }), {
        max_completion_tokens: 5,
        max_tokens: 100
      })
    })

    it("is left to the backend to refuse where it is no number", () => {
      assert.deepStrictEqual(Parameters.apply(limited, { max_tokens: "many" }), { max_tokens: "many" })
    })

    it("is the smaller one where it is a text that is a number, too", () => {
      for (const high of ["500", " 500 ", "1e3", "1_000", "500.0", "Infinity"]) {
        assert.deepStrictEqual(Parameters.apply(limited, { max_tokens: high }), { max_tokens: 100 }, high)
      }
      for (const kept of ["50", "100", "-1", "", "5 or 500"]) {
        assert.deepStrictEqual(Parameters.apply(limited, { max_tokens: kept }), { max_tokens: kept }, kept)
      }
    })

    it("holds under the names that the backend has for it, where the caller knows them", () => {
      const renames = { max_tokens: "max_new_tokens", max_completion_tokens: "n_predict", seed: "random_seed" }
      const renaming = backend({ max_tokens: 100, rename_params: renames })
      for (const name of ["max_new_tokens", "n_predict"]) {
        assert.deepStrictEqual(Parameters.apply(renaming, { [name]: 5_000 }), { [name]: 100 })
        assert.deepStrictEqual(Parameters.apply(renaming, { [name]: 5 }), { [name]: 5 })
        assert.deepStrictEqual(Parameters.apply(renaming, { [name]: null }), { [name]: null, max_tokens: 100 })
        assert.deepStrictEqual(Parameters.apply(renaming, { max_tokens: 7, [name]: 5_000 }), {
          max_tokens: 7,
          [name]: 100
        })
      }
      const others = { max_new_tokens: 5_000, random_seed: 5_000 }
      assert.deepStrictEqual(Parameters.apply(limited, others), { ...others, max_tokens: 100 })
      assert.strictEqual(Parameters.apply(renaming, others)["random_seed"], 5_000)
    })

    it("for any limits: never above the configured, never raised", () =>
      holds(
        fc.record(
          { max_tokens: fc.option(fc.nat(1_000)), max_completion_tokens: fc.option(fc.nat(1_000)) },
          { requiredKeys: [] }
        ),
        (body) => {
          const clamped: Record<string, unknown> = { ...body, ...Parameters.clampTokens(100, body) }
          const limits = [clamped["max_tokens"], clamped["max_completion_tokens"]].filter((n) => typeof n === "number")
          assert.isNotEmpty(limits)
          for (const limit of limits) assert.isAtMost(limit, 100)
          for (const key of ["max_tokens", "max_completion_tokens"] as const) {
            const given = body[key]
            if (typeof given === "number") assert.strictEqual(clamped[key], Math.min(given, 100))
          }
        }
      ))
  })

  describe("extra_body", () => {
    const extended = backend({ extra_body: { temperature: 0.5, top_k: 40, options: { a: 1 } } })

    it("sets the keys that the caller did not set", () => {
      assert.deepStrictEqual(Parameters.apply(extended, { temperature: 1, options: { b: 2 } }), {
        temperature: 1,
        top_k: 40,
        options: { b: 2 }
      })
    })

    it("leaves a key that the caller set to null, false or 0", () => {
      for (const temperature of [null, false, 0]) {
        assert.strictEqual(Parameters.apply(extended, { temperature })["temperature"], temperature)
      }
    })

    it("is subject to the configured stop and limit", () => {
      const both = backend({ extra_body: { stop: "b", max_tokens: 500 }, stop: "a", max_tokens: 100 })
      assert.deepStrictEqual(Parameters.apply(both, {}), { stop: ["a", "b"], max_tokens: 100 })
    })
  })

  it("lowers a limit however it is written, and leaves a lower one as it is", () => {
    const [high, low] = [new JsonNumber("1e400"), new JsonNumber("5.0")]
    assert.deepStrictEqual(Parameters.clampTokens(9, { max_tokens: high }), { max_tokens: 9 })
    assert.strictEqual(Parameters.clampTokens(9, { max_tokens: low })["max_tokens"], low)
  })
})
