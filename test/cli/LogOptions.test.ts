import { assert, describe, it } from "@effect/vitest"
import { onTestFinished } from "vitest"
import * as Option from "effect/Option"
import * as LogOptions from "../../src/cli/LogOptions.js"

const now = Date.parse("2026-11-23T12:00:00Z")

describe("causeway log", () => {
  it("reads a time ago and a date", () => {
    process.env["TZ"] = "Asia/Tokyo"
    onTestFinished(() => void delete process.env["TZ"])
    for (const [text, expected] of [
      ["90s", "2026-11-23T11:58:30.000Z"],
      ["15m", "2026-11-23T11:45:00.000Z"],
      ["2h", "2026-11-23T10:00:00.000Z"],
      ["7d", "2026-11-16T12:00:00.000Z"],
      ["1w", "2026-11-16T12:00:00.000Z"],
      ["2026-11-01", "2026-11-01T00:00:00.000Z"],
      ["2026-11-01T08:30:00+02:00", "2026-11-01T06:30:00.000Z"],
      // As `causeway log` prints it, wherever that runs.
      ["2026-11-01 08:30:00", "2026-11-01T08:30:00.000Z"],
      ["2026-11-01T08:30", "2026-11-01T08:30:00.000Z"]
    ] as const) {
      assert.deepStrictEqual(LogOptions.time(text, now), Option.some(expected))
    }
    for (const text of ["", "soon", "3y", "-1h", "99999999999999w"]) {
      assert.isTrue(Option.isNone(LogOptions.time(text, now)), text)
    }
  })
})
