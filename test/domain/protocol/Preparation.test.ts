import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import * as Preparation from "../../../src/domain/protocol/Preparation.js"
import * as Routing from "../../../src/domain/routing/Routing.js"
import * as GatewayConfig from "../../../src/domain/config/GatewayConfig.js"
import { entry, holds } from "../generators.js"

const config = Either.getOrThrow(
  GatewayConfig.decode({
    openai_clients: [
      entry({ name: "first", fallback: "spare", drop_params: ["store"] }),
      entry({ name: "spare", model_match: { type: "exact", value: ["s", "t"] }, max_tokens: 9 }),
      entry({ name: "old", protocols: ["openai-text"] })
    ],
    server: { max_body: 1_000, max_values: 20 }
  })
)

const request = { model: "m", messages: [{ role: "user", content: " Hi " }], store: true }

const failure = (to: string | Routing.Candidate, asked: unknown, operation?: "chat" | "text") =>
  Either.match(Preparation.body(config, to, asked, operation), {
    onLeft: ({ _tag, message }) => [_tag, message] as const,
    onRight: () => undefined
  })

describe("Preparation.body", () => {
  it("is cleaned and in the backend's dialect, for the model that it is asked for", () => {
    const messages = [{ role: "user", content: "Hi" }]
    assert.deepStrictEqual(Preparation.body(config, "first", request), Either.right({ model: "m", messages }))
    const spare = { model: "s", messages, store: true, max_tokens: 9 }
    assert.deepStrictEqual(Preparation.body(config, "spare", request), Either.right(spare))
    const [, candidate] = Either.getOrThrow(Routing.plan(config, "m"))
    assert(candidate !== undefined)
    assert.deepStrictEqual(Preparation.body(config, candidate, request), Either.right(spare))
    assert.deepStrictEqual(
      Preparation.body(config, { ...candidate, model: "t" }, request),
      Either.right({ ...spare, model: "t" })
    )
  })

  it("is one for the old completions where that is asked", () => {
    const text = { model: "m", prompt: " once " }
    assert.deepStrictEqual(Preparation.body(config, "old", text, "text"), Either.right(text))
    assert.strictEqual(failure("old", request)?.[0], "ModelNotFound")
  })

  it("fails as a caller would be answered", () => {
    const circle: Record<string, unknown> = {}
    circle["self"] = circle
    for (const [asked, tag] of [
      [{ ...request, user: "x".repeat(1_000) }, "BodyTooLarge"],
      [{ ...request, vendor: Array.from({ length: 30 }, () => 0) }, "BodyTooComplex"],
      [{ messages: request.messages }, "BodyMalformed"],
      [{ ...request, messages: [] }, "BodyMalformed"],
      [{ ...request, messages: [{ role: "user", content: " " }] }, "BodyMalformed"],
      [circle, "BodyMalformed"],
      [{ ...request, seed: 1n }, "BodyMalformed"],
      [undefined, "BodyMalformed"],
      [{ ...request, model: "x" }, "ModelNotFound"]
    ] as const) {
      assert.strictEqual(failure("first", asked)?.[0], tag, tag)
    }
  })

  it("counts bytes, not characters", () => {
    const sized = (content: string) => ({ model: "m", messages: [{ role: "user", content }] })
    const around = JSON.stringify(sized("")).length
    const fitting = "ü".repeat((1_000 - around) / 2)
    assert.isUndefined(failure("first", sized(fitting)))
    assert.strictEqual(failure("first", sized(`${fitting}üü`))?.[0], "BodyTooLarge")
  })

  it("says that there is no such backend, and which was meant", () => {
    assert.deepStrictEqual(failure("frist", request), [
      "BackendUnknown",
      'No backend is named "frist" (did you mean "first"?).'
    ])
  })

  it("is total", () =>
    holds(fc.tuple(fc.anything(), fc.constantFrom("first", "spare", "old", "none")), ([asked, to]) => {
      assert.isTrue(Either.isEither(Preparation.body(config, to, asked)))
    }))
})
