import { assert, describe, it } from "@effect/vitest"
import * as Measures from "../../bench/Measures.js"
import { fair } from "./Samples.js"

const standing = { rssIdle: undefined, rssAfter: undefined, startMs: undefined }
const request = { per: "request" as const }

describe("Measures", () => {
  it("divides CPU by what it was used for, and by the bare relay's of the same round", () => {
    const own = [fair({ cpu: 2000 }), fair({ cpu: 9000 }), fair({ cpu: 4000 })]
    const bare = [fair({ cpu: 1000 }), fair({ cpu: 3000 }), fair({ cpu: 1000 })]
    const { cpuPerRequest, cpuRatio } = Measures.of(request, own, standing, bare, [])
    assert.strictEqual(cpuPerRequest, 400)
    assert.strictEqual(cpuRatio, 3)
  })

  it("counts a stream's CPU per event", () => {
    const measures = Measures.of({ per: "event" }, [fair({}, { events: 100 })], standing, [], [])
    assert.strictEqual(measures.cpuPerEvent, 10)
    assert.isUndefined(measures.cpuPerRequest)
    assert.strictEqual(measures.eventsPerSecond, 100)
  })

  it("says what is added to going direct", () => {
    const direct = [fair({}, { latency: Float64Array.from([0.5, 1, 1.5]) })]
    assert.strictEqual(Measures.of(request, [fair()], standing, [], direct).addedLatencyP50, 1)
  })

  it("leaves out what nobody could tell", () => {
    const measures = Measures.of(request, [fair({ cpu: undefined, loopDelayP99: undefined })], standing, [], [])
    assert.doesNotHaveAnyKeys(measures, ["cpuPerRequest", "cpuRatio", "loopDelayP99", "rssIdle", "startMs"])
  })

  it("compares memory at the end with memory when the heap had its size", () => {
    assert.strictEqual(Measures.growth([10, 50, 100, 100, 104, 106, 110, 110]), 1.1)
  })
})
