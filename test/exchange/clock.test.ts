import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Completions from "../../src/exchange/Completions.js"
import * as Effect from "effect/Effect"
import * as Testing from "../../src/testing/Testing.js"
import * as TestGateway from "../support/TestGateway.js"

describe("a system's clock that is set back and forth", () => {
  for (const hours of [-3, 3]) {
    it.live(`by ${hours} hours makes no time negative, and no request late`, () =>
      Effect.gen(function* () {
        const real = yield* Effect.clock
        let set = 0
        const clock: Clock.Clock = {
          [Clock.ClockTypeId]: Clock.ClockTypeId,
          unsafeCurrentTimeMillis: () => real.unsafeCurrentTimeMillis() + set,
          unsafeCurrentTimeNanos: () => real.unsafeCurrentTimeNanos(),
          currentTimeMillis: Effect.sync(() => real.unsafeCurrentTimeMillis() + set),
          currentTimeNanos: real.currentTimeNanos,
          sleep: (duration) => real.sleep(duration)
        }
        const gateway = Testing.make({
          config: { openai_clients: [TestGateway.backend("a", "https://a.example/v1")] },
          script: (call) => {
            set = hours * 3_600_000
            return Testing.answerWell("Hi")(call)
          }
        })
        const before = Date.now()
        yield* Effect.flatMap(Completions.Completions, ({ complete }) => complete(TestGateway.chat())).pipe(
          Effect.provide(gateway.layer),
          Effect.withClock(clock)
        )
        const [record] = gateway.records
        assert.strictEqual(record?.Outcome, "Completed")
        assert.isAtLeast(record?.LatencyMs ?? -1, 0)
        assert.isBelow(record?.LatencyMs ?? Infinity, 60_000)
        assert.isBelow(Math.abs(Date.parse(record?.Time ?? "") - before), 60_000)
      })
    )
  }
})
