import { assert, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"
import * as Scenario from "./Scenario.js"

/** A primary of one model and a fallback of another. */
const started = (primaryScript: (call: ScriptedUpstream.Call) => void, scenario: Partial<Scenario.Scenario> = {}) =>
  Effect.gen(function* () {
    const times: Array<number> = []
    const primary = yield* ScriptedUpstream.make((call) => {
      times.push(performance.now())
      primaryScript(call)
    })
    const fallback = yield* ScriptedUpstream.make(scenario.fallback ?? ScriptedUpstream.answerWell(Scenario.canonical))
    const gateway = yield* TestGateway.make({
      openai_clients: [
        TestGateway.backend("primary", primary.url, { fallback: "other-model", ...scenario.config }),
        {
          ...TestGateway.backend("fallback", fallback.url, scenario.fallbackConfig),
          model_match: { type: "exact", value: ["other-model"] }
        }
      ]
    })
    return { gateway, primary, fallback, times }
  })

const rows: Array<ReadonlyArray<string>> = []

describe.concurrent("the public fault scenarios", () => {
  for (const scenario of Scenario.all) {
    const modes = scenario.modes ?? (["whole", "stream"] as const)
    rows.push([scenario.name, modes.join(", "), String(scenario.result), scenario.attempts.join(" → "), scenario.rule])
    for (const mode of modes) {
      it.scopedLive(`${scenario.name}, ${mode}`, () =>
        Effect.gen(function* () {
          const { gateway, times } = yield* started(scenario.primary, scenario)
          const asked = Caller.ask(gateway.client, mode === "stream")
          if (scenario.result === "answer") {
            const heard = yield* Effect.promise(() => asked)
            assert.strictEqual(heard.content, Scenario.canonical)
            assert.strictEqual(heard.finish, "stop")
          } else {
            const error = yield* Effect.promise(() => Caller.rejection(asked))
            assert.propertyVal(error, "status", scenario.result)
          }
          const record = yield* Effect.promise(() => gateway.record(0))
          assert.deepStrictEqual(Caller.attempts(record), scenario.attempts)
          assert.strictEqual(record.Outcome, scenario.result === "answer" ? "Completed" : "Rejected")
          const [first = 0, second = Infinity] = times
          if (scenario.notBefore !== undefined) assert.isAtLeast(second - first, scenario.notBefore - 2)
          assert.isAtMost(record.TtftMs ?? record.LatencyMs, scenario.within)
        })
      )
    }
  }

  rows.push([
    "a primary that flaps",
    "whole, stream",
    "answer",
    "each caller one of both",
    "retried, failed over, set aside for a while (`domain/failover/Breaker`)"
  ])
  it.scopedLive("a primary that flaps: every caller gets the answer", () =>
    Effect.gen(function* () {
      const { gateway } = yield* started((call) =>
        call.number % 3 === 0 ? ScriptedUpstream.answerWell(Scenario.canonical)(call) : call.json(503, { error: {} })
      )
      for (let n = 0; n < 20; n++) {
        const heard = yield* Effect.promise(() => Caller.ask(gateway.client, n % 2 === 0))
        assert.strictEqual(heard.content, Scenario.canonical)
      }
      assert.isTrue(gateway.records.every(({ Outcome }) => Outcome === "Completed"))
    })
  )

  rows.push([
    "accounting",
    "whole, stream",
    "answer",
    "as they were",
    "usage asked for in streams, one row for each exchange (`domain/chat/request/Prepare`, `exchange/Exchange`)"
  ])
  it.scopedLive("accounting: one row for each caller, with the tokens that the backend reported", () =>
    Effect.gen(function* () {
      const { gateway } = yield* started((call) => {
        if (call.number % 2 === 1) call.json(503, { error: {} })
        else ScriptedUpstream.answerWell(Scenario.canonical)(call)
      })
      for (let n = 0; n < 10; n++) yield* Effect.promise(() => Caller.ask(gateway.client, n % 2 === 0))
      assert.strictEqual(gateway.records.length, 10)
      for (const record of gateway.records) {
        assert.strictEqual(record.PromptTokens, 3)
        assert.strictEqual(record.CompletionTokens, record.Stream === 1 ? 60 : 2)
        assert.strictEqual(record.Response?.includes(Scenario.canonical), true)
      }
    })
  )

  rows.push([
    "an outage of a minute",
    "stream",
    "answer",
    "primary UpstreamRejected 503 → fallback ok 200, and within 20 s of its end primary ok 200",
    "who fails at once is asked again every 10 s (`domain/failover/Breaker`)"
  ])
  // It takes eighty seconds: `npm run test:faults` does it, and in simulated time `domain/failover/Breaker.test`.
  it.scopedLive.runIf(process.env["FAULTS"] === "all")(
    "an outage of a minute, asked every four seconds: every caller gets the answer, and the primary is back within twenty",
    () =>
      Effect.gen(function* () {
        const endsAt = performance.now() + 60_000
        const { gateway, times } = yield* started((call) =>
          performance.now() < endsAt
            ? call.json(503, { error: { message: "no" } })
            : ScriptedUpstream.answerWell(Scenario.canonical)(call)
        )
        for (let n = 0; n < 23; n++) {
          const heard = yield* Effect.promise(() => Caller.ask(gateway.client, true))
          assert.strictEqual(heard.content, Scenario.canonical)
          yield* Effect.sleep("4 seconds")
        }
        const back = times.filter((at) => at >= endsAt)
        assert.isAtMost((back[0] ?? Infinity) - endsAt, 20_000)
        // From then on all of them.
        assert.isAtLeast(back.length, 4)
        assert.isAtMost(times.length - back.length, 5 + 6)
      }),
    120_000
  )
})

describe("the public fault scenarios", () => {
  // Written by `npm run test:faults`, which is this file with --update.
  it("stand in docs/faults.md", async () => {
    assert.strictEqual(rows.length, 17)
    const line = (cells: ReadonlyArray<string>) => `| ${cells.join(" | ")} |`
    const page = [
      "# The fault scenarios",
      "",
      "One primary, a fallback of another model, an answer of sixty tokens, and a configuration that says nothing else: what holds is the defaults, but for one time that is said below. For each scenario `npm run test:faults` checks what the official client gets and when, what the backends were asked and when, and what the row says: a silent primary costs a caller at most 15 s, and after an outage of a minute the primary is back within 20 s. All pass.",
      "",
      line(["scenario", "asked as", "the caller gets", "attempts", "rule"]),
      line(["---", "---", "---", "---", "---"]),
      ...rows.map((row) => line(row.map((cell) => (cell === "answer" ? "the whole answer" : cell)))),
      ""
    ]
    await expect(page.join("\n")).toMatchFileSnapshot("../../docs/faults.md")
  })
})
