import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as StoredHeaders from "../../../src/domain/record/StoredHeaders.js"

const stored = (headers: Record<string, string>): unknown => JSON.parse(StoredHeaders.encode(headers))

describe("StoredHeaders", () => {
  it("takes what follows Bearer and Basic out of any header", () => {
    for (const [value, expected] of [
      ["Bearer abc.def", "Bearer [redacted]"],
      ["bearer  abc, BASIC dXNlcjpwYXNz; x", "bearer  [redacted], BASIC [redacted]; x"],
      ['for=1;by="Basic dXNlcg=="', 'for=1;by="Basic [redacted]"']
    ] as const) {
      assert.deepStrictEqual(stored({ "x-other": value, host: "h" }), { "x-other": expected, host: "h" })
    }
  })

  it("takes users and passwords out of URLs in any header", () => {
    for (const [value, expected] of [
      ["https://user:pass@example.com/a?b=c@d", "https://[redacted]@example.com/a?b=c@d"],
      ["//user@h/, redis://:p@ss@h", "//[redacted]@h/, redis://[redacted]@h"]
    ] as const) {
      assert.deepStrictEqual(stored({ referer: value }), { referer: expected })
    }
  })

  it("leaves everything else as it is", () => {
    const headers = {
      referer: "https://example.com/@user/a@b",
      from: "someone@example.com",
      "user-agent": "OpenAI/Python 1.0 (basically any)",
      "x-path": "//a/b@c"
    }
    assert.strictEqual(StoredHeaders.encode(headers), JSON.stringify(headers))
  })

  it.prop(
    "is always JSON of a bounded length",
    [
      fc.dictionary(fc.string({ maxLength: 20 }), fc.string({ unit: "binary" }), { maxKeys: 5 }),
      fc.integer({ min: 1, max: 2_000 })
    ],
    ([headers, times]) => {
      const long = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.repeat(times)]))
      const json = StoredHeaders.encode(long)
      // A character becomes at most six.
      return typeof JSON.parse(json) === "object" && json.length <= 6 * 16_384 + 1_000
    }
  )

  it("costs in proportion to what it reads", () => {
    const families: ReadonlyArray<(size: number) => string> = [
      (size) => "//".repeat(size),
      (size) => `//${"a".repeat(size)}`,
      (size) => "bearer ".repeat(size),
      (size) => `bearer ${" ".repeat(size)}`,
      (size) => "//a@".repeat(size)
    ]
    const fastest = (value: string) =>
      Math.min(
        ...Array.from({ length: 5 }, () => {
          const before = performance.now()
          StoredHeaders.encode({ value })
          return performance.now() - before
        })
      )
    for (const family of families) {
      const [small, large] = [fastest(family(50_000)), fastest(family(200_000))]
      assert.isBelow(large, 8 * small + 40, family(2))
    }
  })
})
