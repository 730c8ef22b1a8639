import { assert, describe, it } from "@effect/vitest"
import { ResponseReader } from "../../src/http1/ResponseReader.js"
import { growth, linear } from "../hold/Growth.js"
import * as Chance from "./Chance.js"
import * as Lengthy from "./Lengthy.js"

/** How many responses are tried, and the seed of the first. */
const runs = Number(process.env["FUZZ_RUNS"] ?? 5000)
const first = Number(process.env["FUZZ_SEED"] ?? 1)

/** The time that a run may take, in ms: each response is read many times over. */
const patience = process.env["FUZZ_RUNS"] === undefined ? 3_000 : 120_000

/** What takes longer in one measurement is measured once more: a machine that others use is slow at times, but not always. */
const measurements = 3

const large = { least: 2 ** 16, most: 2 ** 18 }

/** A head may be no larger than the smaller ones; what is wrong elsewhere is seen better in the larger ones. */
const sizes = [{ least: 2 ** 14, most: 2 ** 16 }, large, large] as const

/** What the largest size takes less than, in ms of the processor, is not looked at any closer. */
const quick = 20

type Sizes = (typeof sizes)[number]

/** How many bytes there were before it ended or turned out to be no response. */
const read = (pieces: ReadonlyArray<Buffer>): number => {
  let passed = 0
  let isOver = false
  const reader = new ResponseReader({
    onHead: () => {},
    onBody: () => {},
    onEnd: () => (isOver = true)
  })
  for (const bytes of pieces) {
    if (reader.push(bytes) !== undefined || isOver) return passed
    passed += bytes.length
  }
  return passed
}

/** How many times as long 4 × the size takes. */
const grown = (of: Lengthy.Lengthy, { least: from, most }: Sizes): number => {
  const largest = of(most)
  const start = process.cpuUsage()
  read(largest)
  const { system, user } = process.cpuUsage(start)
  let least = user + system < quick * 1_000 ? 0 : Infinity
  for (let n = 0; n < measurements && least >= linear; n++)
    least = Math.min(least, growth({ of, run: read, least: from, most }))
  return least
}

describe("the time that a response takes", () => {
  it("grows with its size, whatever it says and however it is cut", { timeout: 0 }, async () => {
    const until = performance.now() + patience
    let measured = 0
    for (let seed = first; seed < first + runs && performance.now() < until; seed++) {
      const chance = Chance.make(seed)
      const size = chance.pick(sizes)
      const of = Lengthy.make(chance)
      // Most of what is spoilt is refused at once, which shows nothing.
      if (read(of(size.least)) < size.least / 4) continue
      measured++
      assert.isBelow(grown(of, size), linear, `again: FUZZ_SEED=${seed} FUZZ_RUNS=1 npm run fuzz`)
      // Vitest wants to hear from its workers.
      await new Promise((resolve) => setImmediate(resolve))
    }
    if (runs > 1000) assert.isAbove(measured, 5)
  })

  it("would not, were what has come looked through with each piece", () => {
    // Without a copy: what copying takes depends on the collector of garbage.
    const lookThrough = (pieces: ReadonlyArray<Buffer>) => {
      const all = Buffer.concat(pieces)
      let lines = 0
      for (let end = 1; end <= all.length; end++) for (let at = 0; at < end; at++) if (all[at] === 0x0a) lines++
      return lines
    }
    const byteByByte = (size: number) => Array.from({ length: size }, () => Buffer.from("a"))
    assert.isAbove(growth({ of: byteByByte, run: lookThrough, most: 2 ** 16 }), linear)
  })
})
