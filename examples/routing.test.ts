// A host's own tests of its routing: what must hold whatever the dice say, and whichever backend fails.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type * as Gateway from "causeway"
import { Completions } from "causeway/Completions"
import * as Testing from "causeway/testing"

const config: Gateway.Config = {
  openai_clients: [
    {
      name: "eu-1",
      base_url: "https://eu-1.example/v1",
      model_match: { type: "exact", value: "private" },
      priority: 3,
      retries: 0
    },
    {
      name: "eu-2",
      base_url: "https://eu-2.example/v1",
      model_match: { type: "exact", value: "private" },
      fallback: "private-small",
      retries: 0
    },
    {
      name: "eu-small",
      base_url: "https://eu-3.example/v1",
      model_match: { type: "exact", value: "private-small" },
      retries: 0
    },
    { name: "us", base_url: "https://us.example/v1", model_match: { type: "keyword", value: "public" }, retries: 0 }
  ]
}

const names = config.openai_clients.map(({ name }) => name)
const draws = FastCheck.dictionary(
  FastCheck.constantFrom(...names),
  FastCheck.double({ min: 0, max: 0.999, noNaN: true })
)
const failing = FastCheck.subarray(names)

describe("our routing", () => {
  it("never plans to send a private model out of the EU", () =>
    FastCheck.assert(
      FastCheck.property(draws, FastCheck.constantFrom("private", "private-small"), (draw, model) => {
        const plan = Either.getOrThrow(Testing.plan(config, model, (backend) => draw[backend] ?? 0.5))
        assert.isNotEmpty(plan)
        assert.isTrue(plan.every(({ backend }) => backend.startsWith("eu-")))
      })
    ))

  it("answers as long as one backend for the model does, and asks nobody else when none does", () =>
    FastCheck.assert(
      FastCheck.asyncProperty(failing, FastCheck.string(), async (down, seed) => {
        const gateway = Testing.make({
          config,
          seed,
          script: (call) => (down.includes(call.backend) ? Testing.reject(503) : Testing.answerWell("Hi"))(call)
        })
        const answer = await Completions.pipe(
          Effect.flatMap(({ complete }) => complete({ model: "private", messages: [{ role: "user", content: "Hi" }] })),
          Effect.either,
          Effect.provide(gateway.layer),
          Logger.withMinimumLogLevel(LogLevel.None),
          Effect.runPromise
        )
        const serving = ["eu-1", "eu-2", "eu-small"].some((name) => !down.includes(name))
        assert.strictEqual(Either.isRight(answer), serving)
        assert.isTrue(gateway.calls.every(({ backend }) => backend.startsWith("eu-")))
        assert.lengthOf(gateway.records, 1)
      }),
      { numRuns: 25 }
    ))
})
