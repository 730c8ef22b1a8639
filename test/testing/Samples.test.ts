import { assert, describe, it } from "@effect/vitest"
import type * as Gateway from "causeway"
import { Completions } from "causeway/Completions"
import * as GatewayConfig from "causeway/GatewayConfig"
import * as Preparation from "causeway/Preparation"
import * as Routing from "causeway/Routing"
import * as Testing from "causeway/testing"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Random from "effect/Random"
import * as OpenAiChatClient from "../../src/domain/protocol/openai-chat/OpenAiChatClient.js"

const sampled = { seed: 20_261_130, numRuns: 1_000 }

const decoded = (config: Gateway.Config) =>
  Either.getOrThrowWith(
    GatewayConfig.decode(config),
    (issues) => new Error(`${JSON.stringify(issues)} in ${JSON.stringify(config)}`)
  )

/** How many of the samples are so. */
const counted = <A>(samples: ReadonlyArray<A>, is: (sample: A) => boolean) => samples.filter(is).length

describe("configs", () => {
  const samples = FastCheck.sample(Testing.configs, sampled)

  it("are valid, every one", () => {
    for (const sample of samples) assert.isAtLeast(decoded(sample).backends.length, 2)
  })

  it("differ in what routing and preparation heed", () => {
    const entries = samples.flatMap((sample) => sample.openai_clients)
    for (const key of [
      ...(["priority", "fallback", "protocols", "max_tokens", "stop", "extra_body", "rename_params"] as const),
      ...(["drop_params", "clean", "strip_tags", "api_key", "headers", "text_parts", "timeouts", "retries"] as const)
    ]) {
      const share = counted(entries, (entry) => entry[key] !== undefined) / entries.length
      assert.isAbove(share, 0.1, key)
      assert.isBelow(share, 0.9, key)
    }
    const shared = counted(samples, (sample) => {
      const plan = Routing.plan(decoded(sample), "gpt-4o-mini")
      return Either.isRight(plan) && plan.right.length > 1
    })
    assert.isAbove(shared / samples.length, 0.5, "several candidates")
  })
})

describe("requests", () => {
  const samples = FastCheck.sample(Testing.requests, sampled)

  it("are taken, every one", () => {
    for (const sample of samples) {
      const text = JSON.stringify(sample)
      assert.isTrue(Either.isRight(OpenAiChatClient.protocol.decode(text)), text)
    }
  })

  it("leave a body for every candidate that a configuration has for them", () =>
    FastCheck.assert(
      FastCheck.property(Testing.configs, Testing.requests, (config, request) => {
        const gateway = decoded(config)
        const plan = Either.getOrElse(Routing.plan(gateway, request.model), () => [])
        for (const candidate of plan) assert.isTrue(Either.isRight(Preparation.body(gateway, candidate, request)))
      }),
      { ...sampled, numRuns: 1_000 }
    ))
})

describe("the gateway", () => {
  const refused: Testing.Script<Testing.BackendCall> = Testing.reject(503)

  /** Nobody is asked twice, and nothing waits for the real clock. */
  const once = (config: Gateway.Config): Gateway.Config => ({
    ...config,
    openai_clients: config.openai_clients.map((backend) => ({ ...backend, retries: 0, max_in_flight: 100 }))
  })

  it("asks whom Routing.plan says, in this order, what Preparation.body says", () =>
    FastCheck.assert(
      FastCheck.asyncProperty(
        Testing.configs.map(once),
        Testing.requests,
        FastCheck.string(),
        (config, request, seed) =>
          Effect.gen(function* () {
            const gateway = Testing.make({ config, seed, script: refused })
            yield* Completions.pipe(
              Effect.flatMap(({ complete }) => complete(request)),
              Effect.either,
              Effect.provide(gateway.layer)
            )
            const { backends, server } = decoded(config)
            const dice = Random.make(seed)
            const draws = new Map(
              yield* Effect.forEach(backends, ({ name }) => Effect.map(dice.next, (n) => [name, n] as const))
            )
            const plan = Routing.plan({ backends }, request.model, (name) => draws.get(name) ?? 0)
            const candidates = Either.getOrElse(plan, () => [])
            assert.deepStrictEqual(
              gateway.calls.map(({ backend, body }) => [backend, body]),
              candidates
                .slice(0, gateway.calls.length)
                .map((candidate) => [
                  candidate.backend.name,
                  Either.getOrThrow(Preparation.body({ backends, server }, candidate, { ...request, stream: false }))
                ])
            )
            assert.lengthOf(gateway.calls, Math.min(candidates.length, 6))
          }).pipe(Logger.withMinimumLogLevel(LogLevel.None), Effect.runPromise)
      ),
      { seed: sampled.seed, numRuns: 60 }
    ))
})
