import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Archiving from "../support/Archiving.js"
import * as Kills from "../support/Kills.js"
import * as Temp from "../support/Temp.js"

const kills = Number(process.env["KILLS"] ?? 50)

describe("kill -9 at random moments under load", () => {
  for (const durability of ["sync", "wal", "relaxed"] as const) {
    it.scopedLive(durability, () =>
      Effect.gen(function* () {
        const toll = yield* Kills.run(yield* Temp.directory, durability, kills)
        console.log(Kills.describe(durability, toll))
        assert.strictEqual(toll.doubled, 0)
        if (durability === "sync") assert.deepStrictEqual(toll.lost, [])
        // A batch waits 50 ms, and a machine under load is late.
        if (durability === "wal") assert.isBelow(Math.max(0, ...toll.lost), 1_000)
      })
    )
  }

  it.scopedLive("while it archives", () =>
    Effect.gen(function* () {
      const toll = yield* archiving
      console.log(`archiving: ${JSON.stringify({ ...toll, lost: toll.lost.length })}`)
      assert.deepStrictEqual([toll.lost, toll.doubled, toll.leftovers], [[], 0, []])
    })
  )
})

describe("several processes that archive one database, one of them killed", () => {
  it.scopedLive("while all of them write", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const toll = yield* Effect.promise(() => Archiving.runTogether(folder, 3, 30))
      console.log(`together: ${JSON.stringify(toll)}`)
      assert.deepStrictEqual([toll.lost, toll.doubled, toll.leftovers], [[], 0, []])
    })
  )
})

const archiving = Effect.flatMap(Temp.directory, (folder) => Effect.promise(() => Archiving.run(folder, kills)))
