import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import { formatPath } from "../../../src/domain/schema/ConfigIssue.js"
import * as WorkerShare from "../../../src/domain/config/WorkerShare.js"

const limits = (server: number, ...backends: ReadonlyArray<number | undefined>) => ({
  server: { maxInFlight: server, queue: { size: 10 } },
  backends: backends.map((limit) => ({ maxInFlight: Option.fromNullable(limit) }))
})

const crew = (whole: ReturnType<typeof limits>, of: number) =>
  Array.from({ length: of }, (_, index) => WorkerShare.of(whole, { number: index + 1, of }))

const sum = (numbers: ReadonlyArray<number>) => numbers.reduce((a, b) => a + b, 0)

const workers = FastCheck.integer({ min: 1, max: 64 })

describe("the share of a worker", () => {
  it("leaves limits that all workers together keep exactly, evenly, and with one for each", () =>
    FastCheck.assert(
      FastCheck.property(workers, FastCheck.nat(10_000), FastCheck.nat(100), (of, server, backend) => {
        const whole = limits(of + server, of + backend, undefined)
        const parts = crew(whole, of)
        const of1 = parts.map((part) => part.server.maxInFlight)
        assert.strictEqual(sum(of1), of + server)
        assert.isAtMost(Math.max(...of1) - Math.min(...of1), 1)
        assert.isAtLeast(Math.min(...of1), 1)
        assert.strictEqual(
          sum(parts.flatMap((part) => Option.toArray(part.backends[0]?.maxInFlight ?? Option.none()))),
          of + backend
        )
        assert.isTrue(parts.every((part) => part.backends[1]?.maxInFlight._tag === "None"))
        assert.deepStrictEqual(WorkerShare.unshareable(whole, of), [])
      })
    ))

  it("divides the waiting line too, with room for one everywhere", () => {
    assert.deepStrictEqual(
      crew(limits(100), 4).map(({ server }) => server.queue.size),
      [3, 3, 2, 2]
    )
    assert.isTrue(crew(limits(100), 16).every(({ server }) => server.queue.size === 1))
  })

  it("changes nothing for one that is alone, and nothing else", () => {
    const whole = { ...limits(5, 3), other: "as it is" }
    assert.deepStrictEqual(WorkerShare.of(whole, { number: 1, of: 1 }), whole)
    assert.strictEqual(WorkerShare.of(whole, { number: 2, of: 2 }).other, "as it is")
  })

  it("names every limit that is too small for so many", () => {
    const issues = WorkerShare.unshareable(limits(3, 4, undefined, 1), 4)
    assert.deepStrictEqual(
      issues.map(({ message, path }) => `${formatPath(path)}: ${message}`),
      [
        "server.max_in_flight: 3 cannot be shared by 4 workers (server.workers)",
        "openai_clients[2].max_in_flight: 1 cannot be shared by 4 workers (server.workers)"
      ]
    )
  })

  it("has as many as there are cores, but no more than share every limit", () => {
    assert.strictEqual(WorkerShare.automatic(limits(5_000, undefined), 8), 8)
    assert.strictEqual(WorkerShare.automatic(limits(5_000, 3, undefined, 6), 8), 3)
    assert.strictEqual(WorkerShare.automatic(limits(2), 8), 2)
  })
})
