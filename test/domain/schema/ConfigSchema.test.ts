import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import * as Schema from "effect/Schema"
import * as ConfigSchema from "../../../src/domain/schema/ConfigSchema.js"
import { holds } from "../generators.js"

const reader = <A, I>(schema: Schema.Schema<A, I>) => {
  const decode = Schema.decodeUnknownEither(schema)
  return (value: unknown): A | undefined => Either.getOrUndefined(decode(value))
}

describe("ConfigSchema", () => {
  it("reads durations", () => {
    const read = reader(ConfigSchema.DurationText)
    const millis = (value: unknown) => {
      const duration = read(value)
      return duration === undefined ? undefined : Duration.toMillis(duration)
    }
    assert.deepStrictEqual(
      ["500ms", "10s", "2m", "1h", "1.5s", "10 s", " 10s ", "0s"].map(millis),
      [500, 10_000, 120_000, 3_600_000, 1_500, 10_000, 10_000, 0]
    )
    for (const wrong of ["10", "s", "", "-5s", "10S", "10sec", "1d", "10s 5ms", "1e3s", ".5s", 10, null, true]) {
      assert.isUndefined(millis(wrong), JSON.stringify(wrong))
    }
  })

  it("reads sizes, in units of 1000 or 1024, in any case", () => {
    const read = reader(ConfigSchema.SizeText)
    assert.deepStrictEqual(
      ["512B", "1KB", "10MB", "1GB", "1KiB", "32MiB", "1gib", "1.5 kib", 1_000, 1.9].map(read),
      [512, 1_000, 10_000_000, 1e9, 1_024, 33_554_432, 1_073_741_824, 1_536, 1_000, 1]
    )
    for (const wrong of ["32", "MB", "", "-1MB", "1TB", 0, -1, Number.NaN, null, true]) {
      assert.isUndefined(read(wrong), JSON.stringify(wrong))
    }
  })

  it("knows no unit but its own", () =>
    holds(
      fc.tuple(fc.nat(99), fc.oneof(fc.constantFrom("constructor", "toString", "valueOf"), fc.string())),
      ([n, unit]) => {
        if (/^\s*(ms|s|m|h)\s*$/.test(unit) || /^[\d.]/.test(unit)) return
        assert.isUndefined(reader(ConfigSchema.DurationText)(`${n}${unit}`), unit)
      }
    ))

  it("reads weights, from text too", () => {
    const read = reader(ConfigSchema.Weight)
    assert.deepStrictEqual([0, 1, 2.5, "3", " 0.5 "].map(read), [0, 1, 2.5, 3, 0.5])
    for (const wrong of [-1, "-1", "", " ", "heavy", Number.NaN, Number.POSITIVE_INFINITY, "Infinity", true]) {
      assert.isUndefined(read(wrong), String(wrong))
    }
  })

  it("reads token limits, from text too", () => {
    const read = reader(ConfigSchema.TokenLimit)
    assert.deepStrictEqual([1, 4_096, "4096"].map(read), [1, 4_096, 4_096])
    for (const wrong of [0, -1, 1.5, "0", "many", ""]) assert.isUndefined(read(wrong), String(wrong))
  })

  it("reads one text as a list of one", () => {
    const read = reader(ConfigSchema.Strings)
    assert.deepStrictEqual(read("a"), ["a"])
    assert.deepStrictEqual(read(["a", "b"]), ["a", "b"])
    assert.deepStrictEqual(read([]), [])
    for (const wrong of [["a", ""], ["a", 1], 5, {}, null]) assert.isUndefined(read(wrong))
  })
})
