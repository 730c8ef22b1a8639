import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import * as ConfigChange from "../../../src/domain/config/ConfigChange.js"
import * as GatewayConfig from "../../../src/domain/config/GatewayConfig.js"
import * as ConfigSamples from "../../../src/testing/ConfigSamples.js"
import { entry, holds } from "../generators.js"

const decoded = (plain: GatewayConfig.Plain) =>
  Either.getOrThrowWith(GatewayConfig.decode(plain), (issues) => new Error(issues.map(({ message }) => message).join()))

const told = (before: GatewayConfig.Plain, after: GatewayConfig.Plain) =>
  ConfigChange.told(decoded(before), decoded(after))

describe("ConfigChange", () => {
  it("says which backends and models came and went, and which keys are different", () => {
    const before = { openai_clients: [entry(), entry({ name: "b", model_match: { value: "gpt-" } })] }
    const after = {
      openai_clients: [
        entry({ priority: 2, timeouts: { idle: "5s" } }),
        entry({ name: "c", models: { n: "x" }, model_match: null }),
        entry({ name: "d", model_match: { type: "any" as const } })
      ],
      server: { drain: "5s" },
      clean: "none" as const
    }
    assert.strictEqual(
      told(before, after),
      "new backends: c, d; gone backends: b; new models: n, any; gone models: gpt-; " +
        "changed: a (priority, timeouts), clean.user_turns, clean.trim, clean.strip_tags, server.drain"
    )
  })

  it("sees that a secret is another one, wherever it stands, and never tells it", () => {
    const [one, other] = ["sk-secret-1", "sk-secret-2"]
    for (const over of [
      (key: string) => ({ api_key: key }),
      (key: string) => ({ headers: { "x-key": Redacted.make(key) } }),
      (key: string) => ({ extra_body: { token: key, n: 1 } }),
      (key: string) => ({ base_url: `https://h.example/v1?key=${key}` })
    ]) {
      const text = told({ openai_clients: [entry(over(one))] }, { openai_clients: [entry(over(other))] })
      assert.match(text, /^changed: a \((api_key|headers|extra_body|base_url)\)$/)
    }
  })

  it("names a few of many", () => {
    const many = Array.from({ length: 30 }, (_, n) => entry({ name: `b${n}` }))
    const text = told({ openai_clients: [entry()] }, { openai_clients: many })
    assert.match(text, /^new backends: b0, .* and 18 more; gone backends: a$/)
  })

  it("finds nothing different where nothing is, for any configuration", () =>
    holds(ConfigSamples.configs, (plain) => assert.strictEqual(told(plain, plain), "nothing is different"), 50))
})
