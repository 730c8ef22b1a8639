import { assert, describe, it } from "@effect/vitest"
import * as Trial from "./Trial.js"

/** How many answers are spoilt, and the seed of the first; `npm run fuzz` takes a million. */
const runs = Number(process.env["FUZZ_RUNS"] ?? 5000)
const first = Number(process.env["FUZZ_SEED"] ?? 1)

/** The time that the short run may take, in ms. */
const patience = process.env["FUZZ_RUNS"] === undefined ? 3000 : Infinity

describe("whatever a backend sends", () => {
  it(`${runs} spoilt answers: one end each, and what leaves is true to the contract`, { timeout: 0 }, async () => {
    const until = performance.now() + patience
    for (let seed = first; seed < first + runs && performance.now() < until; seed++) {
      assert.deepStrictEqual(attempt(seed), [], `again: FUZZ_SEED=${seed} FUZZ_RUNS=1 npm run fuzz`)
      // Vitest wants to hear from its workers.
      if (seed % 1000 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  })
})

const attempt = (seed: number): ReadonlyArray<string> => {
  try {
    return Trial.run(seed)
  } catch (error) {
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)]
  }
}
