import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Database from "../support/Database.js"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import * as Records from "../support/Records.js"
import * as Temp from "../support/Temp.js"

const program = new URL("../support/heavyRows.mjs", import.meta.url).pathname

const plain = JSON.stringify(Records.record("plain"))

const run = promisify(execFile)

describe("rows in memory", () => {
  it.scopedLive("are bounded by what they weigh, in a small heap too", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const { stdout } = yield* Effect.promise(() =>
        run(process.execPath, ["--max-old-space-size=128", program, folder, plain])
      )
      const { lost, most, waiting } = JsonObject.orEmpty(JSON.parse(stdout))
      // A sixteenth of the heap, and a row.
      assert.isBelow(Number(most), 20_000_000)
      assert.isAbove(Number(waiting), 0)
      assert.isAbove(Number(lost), 250)
      const rows = Database.records(`${folder}/record.db`)
      assert.strictEqual(rows.at(-1)?.id, "last")
      assert.lengthOf(rows, 301 - Number(lost))
      for (const { Model } of rows) assert.isAtMost(Model?.length ?? 0, 512)
    })
  )
})
