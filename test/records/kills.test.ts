import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Archiving from "../support/Archiving.js"
import * as Kills from "../support/Kills.js"
import * as Temp from "../support/Temp.js"

// The long runs are in test/records.
describe("a process that is killed", () => {
  it.scopedLive("loses nothing that a caller saw end, under log.durability: sync", () =>
    Effect.gen(function* () {
      const toll = yield* Kills.run(yield* Temp.directory, "sync", 1)
      assert.isAbove(toll.seen, 5)
      assert.deepStrictEqual([toll.lost, toll.doubled], [[], 0])
    })
  )

  it.scopedLive("keeps every row once when it dies while it archives", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const toll = yield* Effect.promise(() => Archiving.run(folder, 1))
      assert.deepStrictEqual([toll.lost, toll.doubled, toll.leftovers], [[], 0, []])
      assert.isAbove(toll.archives, 3)
    })
  )
})
