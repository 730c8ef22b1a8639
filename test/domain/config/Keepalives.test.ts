import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Keepalives from "../../../src/domain/config/Keepalives.js"

const found = (keepalive: Option.Option<Duration.Duration>) => Keepalives.find({ keepalive }).map(({ path }) => path)

describe("a keepalive", () => {
  it("is too short below five seconds", () => {
    for (const millis of [1, 1_000, 4_999]) {
      assert.deepStrictEqual(found(Option.some(Duration.millis(millis))), [["server", "keepalive"]])
    }
  })

  it("is well from there on, and where there is none", () => {
    assert.deepStrictEqual(found(Option.some(Duration.seconds(5))), [])
    assert.deepStrictEqual(found(Option.none()), [])
  })
})
