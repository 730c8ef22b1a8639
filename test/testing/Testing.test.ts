import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Testing from "causeway/testing"
import { Completions } from "causeway/Completions"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Stream from "effect/Stream"
import * as Caller from "../support/Caller.js"
import * as Temp from "../support/Temp.js"
import * as TestGateway from "../support/TestGateway.js"

const { backend, chat } = TestGateway

const config = {
  openai_clients: [
    backend("a", "https://a.example/v1", { priority: 3, retries: 0, api_key: "sk-of-a", fallback: "spare" }),
    backend("b", "https://b.example/deep/v1", { retries: 0 }),
    backend("c", "https://c.example/v1", { model_match: { type: "exact", value: "spare" } })
  ]
}

const quiet = Logger.minimumLogLevel(LogLevel.None)

const complete = Effect.flatMap(Completions, (completions) => completions.complete(chat()))

const run = <A, E>(effect: Effect.Effect<A, E, Completions>, gateway: Testing.TestGateway) =>
  Effect.provide(effect, Layer.merge(gateway.layer, quiet))

/** The text of a stream and the tag of its failure. */
const heard = Effect.flatMap(Completions, ({ stream }) => {
  let text = ""
  return Stream.runForEach(stream(chat()), ({ choices }) =>
    Effect.sync(() => void (text += choices[0]?.delta.content ?? ""))
  ).pipe(
    Effect.either,
    Effect.map((end) => [text, Either.isLeft(end) ? end.left._tag : "ended"])
  )
})

describe("make", () => {
  it.effect("runs the real gateway on a script, which sees what each backend is sent", () =>
    Effect.gen(function* () {
      const script = Testing.byBackend({
        a: Testing.reject(503),
        b: Testing.breakOff("lost"),
        c: Testing.answerWell("spare me")
      })
      const gateway = Testing.make({ config: Testing.inOrder(config), script })
      const answer = yield* run(complete, gateway)
      assert.strictEqual(answer.choices[0].message.content, "spare me")
      assert.deepStrictEqual(
        gateway.calls.map(({ backend, body, path }) => [backend, path, body["model"]]),
        [
          ["a", "/v1/chat/completions", "test-model"],
          ["b", "/deep/v1/chat/completions", "test-model"],
          ["c", "/v1/chat/completions", "spare"]
        ]
      )
      assert.strictEqual(gateway.calls[0]?.headers["authorization"], "Bearer sk-of-a")
      assert.deepStrictEqual(gateway.records.map(Caller.attempts), [
        ["a UpstreamRejected 503", "b ProtocolBroken null", "c ok 200"]
      ])
    })
  )

  it.effect("streams, breaks off, and is rescued", () =>
    Effect.gen(function* () {
      const well = Testing.byBackend({
        a: Testing.breakOff("one "),
        b: Testing.answerWell("one two"),
        c: Testing.silent
      })
      const rescued = Testing.make({ config: Testing.inOrder(config), script: well })
      assert.deepStrictEqual(yield* run(heard, rescued), ["one two", "ended"])
      const lost = Testing.make({ config: Testing.inOrder(config), script: Testing.breakOff("one ") })
      assert.deepStrictEqual(yield* run(heard, lost), ["one ", "StreamFailure"])
    })
  )

  it.effect("breaks the connection where a script throws, or none is given", () =>
    Effect.gen(function* () {
      for (const script of [
        Testing.byBackend({}),
        () => {
          throw new Error("oops")
        },
        () => Promise.reject(new Error("oops"))
      ]) {
        const gateway = Testing.make({ config, script })
        const failure = yield* Effect.flip(run(complete, gateway))
        assert.strictEqual(failure._tag, "NoBackendAvailable")
        assert.strictEqual(gateway.records[0]?.Outcome, "NoBackendAvailable")
      }
    })
  )

  it.effect("rolls the same dice for the same seed", () =>
    Effect.gen(function* () {
      const chosen = (seed: string) =>
        Effect.gen(function* () {
          const gateway = Testing.make({ config, script: Testing.answerWell("Hi"), seed })
          yield* run(Effect.repeatN(complete, 19), gateway)
          return gateway.calls.map((call) => call.backend).join("")
        })
      const [first, again, other] = yield* Effect.all([chosen("1"), chosen("1"), chosen("2")])
      assert.strictEqual(first, again)
      assert.notStrictEqual(first, other)
      assert.match(first, /a.*b|b.*a/)
    })
  )

  it.scopedLive("takes a configuration file, and fails as the gateway does for a bad one", () =>
    Effect.gen(function* () {
      const configFile = `${yield* Temp.directory}/config.yaml`
      fs.writeFileSync(configFile, JSON.stringify(config))
      const good = Testing.make({ configFile, script: Testing.answerWell("From the file") })
      assert.strictEqual((yield* run(complete, good)).choices[0].message.content, "From the file")
      fs.writeFileSync(configFile, "openai_clients: []")
      const bad = Testing.make({ configFile, script: Testing.silent })
      assert.strictEqual((yield* Effect.flip(Layer.build(bad.layer)))._tag, "ConfigInvalid")
    })
  )
})

describe("plan", () => {
  const names = (model: string, draw?: (backend: string) => number) =>
    Either.map(Testing.plan(config, model, draw), (plan) => plan.map((candidate) => Object.values(candidate).join(" ")))

  it("gives the candidates of a model with their fallbacks, by weight and draw", () => {
    assert.deepStrictEqual(names("test-model"), Either.right(["a test-model", "b test-model", "c spare"]))
    const draw = (backend: string) => (backend === "b" ? 0.01 : 0.9)
    assert.deepStrictEqual(names("test-model", draw), Either.right(["b test-model", "a test-model", "c spare"]))
    assert.deepStrictEqual(names("nowhere"), Either.right([]))
  })

  it("says what is wrong with a configuration", () => {
    const failed = Testing.plan({ openai_clients: [] }, "test-model")
    assert.isTrue(Either.isLeft(failed) && failed.left._tag === "ConfigInvalid")
  })
})
