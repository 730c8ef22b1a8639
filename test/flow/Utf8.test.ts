import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Utf8 from "../../src/flow/Utf8.js"
import { holds } from "../domain/generators.js"

const decode = (bytes: Uint8Array, cuts: ReadonlyArray<number>): string => {
  const utf8 = Utf8.make()
  const edges = [0, ...[...cuts].sort((a, b) => a - b), bytes.length]
  return edges.slice(1).reduce((text, edge, n) => text + utf8.decode(bytes.subarray(edges[n], edge)), "") + utf8.end()
}

describe("Utf8", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    // Two marks in a row, the first of them cut, are too much for the decoder of Node 24 itself.
    fc.string({ unit: "grapheme" }).map((text) => new TextEncoder().encode(`\uFEFF-${text}\uFEFF\n`))
  )

  it("reads any bytes as one decoder does, however they are cut", () =>
    holds(fc.tuple(bytes, fc.array(fc.nat(60))), ([all, cuts]) => {
      const within = cuts.filter((cut) => cut <= all.length)
      assert.strictEqual(decode(all, within), new TextDecoder().decode(all))
    }))
})
