// A host's own tests of its routing and of what backends are sent: what must hold whatever the dice say, whichever backend
// fails, and whatever is asked.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import type * as Gateway from "causeway"
import { Completions } from "causeway/Completions"
import * as GatewayConfig from "causeway/GatewayConfig"
import * as Preparation from "causeway/Preparation"
import * as Routing from "causeway/Routing"
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
    {
      name: "us",
      base_url: "https://us.example/v1",
      model_match: { type: "keyword", value: "public" },
      drop_params: ["user"],
      retries: 0
    }
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

describe("what backends are sent by our configuration", () => {
  const decoded = Either.getOrThrow(GatewayConfig.decode(config))

  it("is never a user's name, unless it stays in the EU", () =>
    FastCheck.assert(
      FastCheck.property(Testing.requests, (request) => {
        const body = Either.getOrThrow(Preparation.body(decoded, "us", { ...request, model: "public", user: "Ada" }))
        assert.notProperty(body, "user")
      })
    ))
})

// What holds for every configuration, and so for the next one that we write.
describe("any routing", () => {
  const anyConfig = Testing.configs.map((config) => Either.getOrThrow(GatewayConfig.decode(config)))
  const anyDraw = FastCheck.func(FastCheck.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }))
  const holds = (claim: (plan: ReadonlyArray<Routing.Candidate>, model: string) => void) =>
    FastCheck.assert(
      FastCheck.property(anyConfig, anyDraw, Testing.requests, (config, draw, { model }) =>
        claim(
          Either.getOrElse(Routing.plan(config, model, draw), () => []),
          model
        )
      )
    )

  const serves = ({ backend }: Routing.Candidate, model: string) => Routing.serves(backend, model)

  /** The candidates for the model itself, which the fallbacks follow. */
  const siblings = (plan: ReadonlyArray<Routing.Candidate>, model: string) => {
    const end = plan.findIndex(
      (candidate) => (candidate.name ?? candidate.model) !== model || !serves(candidate, model)
    )
    return end === -1 ? plan : plan.slice(0, end)
  }

  it("begins with a backend that serves the model", () =>
    holds((plan, model) => assert.isTrue(plan.slice(0, 1).every((first) => serves(first, model)))))

  it("asks no backend twice for the same model", () =>
    holds((plan) => {
      const asked = plan.map(({ backend, model }) => JSON.stringify([backend.name, model]))
      assert.lengthOf(new Set(asked), asked.length)
    }))

  it("asks a backend of priority 0 only after all others that serve the model", () =>
    holds((plan, model) => {
      const weights = siblings(plan, model).map(({ backend }) => backend.weight)
      assert.deepStrictEqual(weights, [
        ...weights.filter((weight) => weight > 0),
        ...weights.filter((weight) => weight === 0)
      ])
    }))

  it("asks others only where one before them names a fallback", () =>
    holds((plan, model) => {
      const first = siblings(plan, model)
      if (plan.length === first.length) return
      assert.isTrue(first.some(({ backend }) => Option.isSome(backend.fallback)))
    }))
})

describe("any body", () => {
  const anyConfig = Testing.configs.map((config) => Either.getOrThrow(GatewayConfig.decode(config)))
  type Sent = { readonly [key: string]: unknown }
  const holds = (claim: (body: Sent, candidate: Routing.Candidate, request: Sent) => void) =>
    FastCheck.assert(
      FastCheck.property(anyConfig, Testing.requests, FastCheck.boolean(), (config, request, stream) => {
        for (const candidate of Either.getOrElse(Routing.plan(config, request.model), () => [])) {
          const asked = { ...request, stream }
          claim(Either.getOrThrow(Preparation.body(config, candidate, asked)), candidate, asked)
        }
      })
    )

  it("asks for the candidate's model", () => holds((body, { model }) => assert.strictEqual(body["model"], model)))

  it("holds nothing that the backend is not to be sent", () =>
    holds((body, { backend }) => {
      for (const name of backend.dropParams) assert.notProperty(body, name)
    }))

  it("asks for no more tokens than the backend may be asked for", () =>
    holds((body, { backend }) => {
      const most = Option.getOrElse(backend.maxTokens, () => Infinity)
      for (const name of ["max_tokens", "max_completion_tokens"]) assert.isAtMost(Number(body[name] ?? 0), most)
    }))

  it("has what only the backend knows of as the caller wrote it", () =>
    holds((body, { backend }, request) => {
      if (backend.dropParams.includes("vendor") || !("vendor" in request)) return
      assert.deepStrictEqual(body["vendor"], request["vendor"])
    }))
})
