import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Operations from "../../../src/domain/operation/Operations.js"
import { holds } from "../generators.js"

const { embeddings, rerank } = Operations.plain

const base64Of = (numbers: ReadonlyArray<number>) => Buffer.from(new Float32Array(numbers).buffer).toString("base64")

const answer = (...vectors: ReadonlyArray<unknown>) => ({
  object: "list",
  data: vectors.map((embedding, index) => ({ object: "embedding", index, embedding })),
  model: "m",
  usage: { prompt_tokens: 1, total_tokens: 1 }
})

describe("embeddings", () => {
  const floats = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { maxLength: 40 })

  it("for any vectors: are what was asked for, whatever the backend sent, and the same numbers", () =>
    holds(fc.array(floats, { minLength: 1, maxLength: 5 }), (vectors) => {
      const asNumbers = answer(...vectors)
      const asText = answer(...vectors.map(base64Of))
      for (const sent of [asNumbers, asText]) {
        assert.deepStrictEqual(embeddings.repair({ encoding_format: "base64" }, sent), asText)
        assert.deepStrictEqual(embeddings.repair({ encoding_format: "float" }, sent), asNumbers)
        assert.deepStrictEqual(embeddings.repair({}, sent), asNumbers)
      }
    }))

  it("leave alone what is no vector, and are none without a list", () => {
    const multi = answer([[1, 2]], { sparse: 1 })
    assert.deepStrictEqual(embeddings.repair({ encoding_format: "base64" }, multi), multi)
    assert.isUndefined(embeddings.repair({}, { object: "list" }))
  })

  it("are kept without their numbers", () => {
    assert.deepStrictEqual(embeddings.kept?.(answer([1, 2, 3], base64Of([1, 2]))), answer("[3 numbers]", "[2 numbers]"))
  })
})

describe("rerank", () => {
  const results = fc
    .uniqueArray(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 12 })
    .map((scores) =>
      scores.map((relevance_score, index) => ({ index, relevance_score, document: { text: String(index) } }))
    )

  it("for any results: the best ones that were asked for, in their order", () =>
    holds(fc.tuple(results, fc.integer({ min: 0, max: 15 })), ([given, top_n]) => {
      const { results = [] } = rerank.repair({ top_n }, { results: given }) ?? {}
      const best = given.toSorted((a, b) => b.relevance_score - a.relevance_score)
      assert.deepStrictEqual(results, best.slice(0, top_n === 0 ? undefined : top_n))
    }))

  it("gives documents back only to who wants them", () => {
    const given = { results: [{ index: 0, relevance_score: 0.5, document: { text: "a" } }] }
    assert.deepStrictEqual(rerank.repair({}, given), given)
    assert.deepStrictEqual(rerank.repair({ return_documents: false }, given), {
      results: [{ index: 0, relevance_score: 0.5 }]
    })
    assert.isUndefined(rerank.repair({}, { data: [] }))
  })
})
