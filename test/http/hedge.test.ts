import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Gateway from "../../src/Gateway.js"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"
import { until } from "../support/Until.js"

type Script = (call: ScriptedUpstream.Call) => void
type BackendConfig = Partial<Gateway.Config["openai_clients"][number]>

const { answerWell, chunk } = ScriptedUpstream

const silent: Script = () => {}

const after =
  (ms: number, then: Script): Script =>
  (call) =>
    void setTimeout(() => then(call), ms)

const role = chunk({ role: "assistant", content: "" })

const pings =
  (ms: number, then: Script): Script =>
  (call) => {
    call.events(role)
    const timer = setInterval(() => call.write(": waiting\n\n"), 20)
    call.response.on("close", () => clearInterval(timer))
    setTimeout(() => {
      clearInterval(timer)
      then(call)
    }, ms)
  }

/** A primary, and a fallback of another model; both are given what the test says of them. */
const started = (
  scripts: { readonly primary: Script; readonly fallback: Script },
  config: BackendConfig = { hedge: "100ms" },
  rest: BackendConfig = {}
) =>
  Effect.gen(function* () {
    const primary = yield* ScriptedUpstream.make(scripts.primary)
    const fallback = yield* ScriptedUpstream.make(scripts.fallback)
    const gateway = yield* TestGateway.make({
      openai_clients: [
        TestGateway.backend("primary", primary.url, { fallback: "other-model", ...config }),
        {
          ...TestGateway.backend("fallback", fallback.url, rest),
          model_match: { type: "exact", value: ["other-model"] }
        }
      ]
    })
    const ask = (stream = true) => Effect.promise(() => Caller.ask(gateway.client, stream))
    const row = (n = 0) => Effect.promise(() => gateway.record(n))
    return { gateway, primary, fallback, ask, row }
  })

describe("a backend that is silent", () => {
  for (const [name, primary] of [
    ["before its head", silent],
    ["after its head", (call: ScriptedUpstream.Call) => call.open()],
    ["after its first words", (call: ScriptedUpstream.Call) => call.events(role)]
  ] as const) {
    it.scopedLive(`${name} is outrun by the next candidate, and its call is over`, () =>
      Effect.gen(function* () {
        const { ask, primary: asked, row } = yield* started({ primary, fallback: answerWell("from the fallback") })
        assert.strictEqual((yield* ask()).content, "from the fallback")
        const record = yield* row()
        assert.deepStrictEqual(Caller.attempts(record), ["primary Outrun null", "fallback ok 200"])
        assert.deepInclude(record, { Outcome: "Completed", Backend: "fallback", Model: "other-model" })
        assert.include(record.Request ?? "", '"model":"other-model"')
        yield* Effect.promise(() => until(() => asked.busy() === 0))
      })
    )
  }

  it.scopedLive("is heard all the same where it is quicker than who was asked beside it", () =>
    Effect.gen(function* () {
      const { ask, fallback, row } = yield* started({ primary: after(250, answerWell("first")), fallback: silent })
      assert.strictEqual((yield* ask()).content, "first")
      const record = yield* row()
      assert.deepStrictEqual(Caller.attempts(record), ["fallback Outrun null", "primary ok 200"])
      assert.deepInclude(record, { Backend: "primary", Model: "test-model" })
      yield* Effect.promise(() => until(() => fallback.busy() === 0))
    })
  )

  it.scopedLive("is waited for where who was asked beside it fails", () =>
    Effect.gen(function* () {
      const fails: Script = (call) => call.json(400, { error: { message: "no" } })
      const { ask, row } = yield* started({ primary: after(300, answerWell("late")), fallback: fails })
      assert.strictEqual((yield* ask()).content, "late")
      assert.deepStrictEqual(Caller.attempts(yield* row()), ["fallback UpstreamRejected 400", "primary ok 200"])
    })
  )

  it.scopedLive("may fail while another is asked: that one's answer is waited for, and nobody is asked twice", () =>
    Effect.gen(function* () {
      const { ask, fallback, primary, row } = yield* started({
        primary: after(200, (call) => call.json(500, { error: { message: "no" } })),
        fallback: after(300, answerWell("beside"))
      })
      assert.strictEqual((yield* ask()).content, "beside")
      assert.deepStrictEqual(Caller.attempts(yield* row()), ["primary UpstreamRejected 500", "fallback ok 200"])
      assert.deepStrictEqual([primary.received.length, fallback.received.length], [1, 1])
    })
  )

  it.scopedLive("is outrun, and is set aside for it in the end, so that callers need not wait each time", () =>
    Effect.gen(function* () {
      const config = { hedge: "50ms", breaker: { failures: 2 } }
      const { ask, primary } = yield* started({ primary: silent, fallback: answerWell("quick") }, config)
      for (let n = 0; n < 3; n++) assert.strictEqual((yield* ask()).content, "quick")
      assert.strictEqual(primary.received.length, 2)
    })
  )

  it.scopedLive("that shows life is not outrun before first_token", () =>
    Effect.gen(function* () {
      const { ask, fallback, row } = yield* started(
        { primary: pings(600, answerWell("after some thought")), fallback: answerWell("never") },
        { hedge: "250ms" }
      )
      assert.strictEqual((yield* ask()).content, "after some thought")
      assert.deepStrictEqual(Caller.attempts(yield* row()), ["primary ok 200"])
      assert.strictEqual(fallback.received.length, 0)
    })
  )

  it.scopedLive("that shows life is waited for beyond first_token", () =>
    Effect.gen(function* () {
      const { ask, fallback, row } = yield* started(
        { primary: pings(600, answerWell("after some thought")), fallback: answerWell("never") },
        { hedge: false, timeouts: { first_token: "300ms" } }
      )
      assert.strictEqual((yield* ask()).content, "after some thought")
      assert.deepStrictEqual(Caller.attempts(yield* row()), ["primary ok 200"])
      assert.strictEqual(fallback.received.length, 0)
    })
  )

  it.scopedLive("that shows life is given up at first_token_max, or when it falls silent", () =>
    Effect.gen(function* () {
      const config = { hedge: false, timeouts: { first_token: "200ms", first_token_max: "500ms" } } as const
      const { ask, row } = yield* started({ primary: pings(9_000, silent), fallback: answerWell("instead") }, config)
      assert.strictEqual((yield* ask()).content, "instead")
      const record = yield* row()
      assert.deepStrictEqual(Caller.attempts(record), ["primary FirstTokenTimedOut null", "fallback ok 200"])
      assert.isAtLeast(record.TtftMs ?? 0, 450)
      const other = yield* started(
        { primary: pings(300, silent), fallback: answerWell("instead") },
        {
          ...config,
          timeouts: { first_token: "200ms", first_token_max: "1h" }
        }
      )
      assert.strictEqual((yield* other.ask()).content, "instead")
      assert.isAtLeast((yield* other.row()).TtftMs ?? 0, 350)
    })
  )

  it.scopedLive("that shows life has another asked beside it when first_token has passed", () =>
    Effect.gen(function* () {
      const config = { hedge: "10s", timeouts: { first_token: "200ms" } }
      const { ask, row } = yield* started({ primary: pings(9_000, silent), fallback: answerWell("beside") }, config)
      assert.strictEqual((yield* ask()).content, "beside")
      assert.deepStrictEqual(Caller.attempts(yield* row()), ["primary Outrun null", "fallback ok 200"])
    })
  )

  it.scopedLive("is not outrun where nobody is to be asked beside it", () =>
    Effect.gen(function* () {
      const scripts = { primary: after(400, answerWell("alone")), fallback: answerWell("never") }
      const off = yield* started(scripts, { hedge: false })
      const whole = yield* started(scripts, {})
      const large = yield* started(scripts)
      const [one, two, three] = yield* Effect.all(
        [
          off.ask(),
          whole.ask(false),
          Effect.promise(() => Caller.ask(large.gateway.client, true, "test-model", "x".repeat(1024 * 1024)))
        ],
        { concurrency: "unbounded" }
      )
      for (const { content } of [one, two, three]) assert.strictEqual(content, "alone")
      for (const { fallback } of [off, whole, large]) assert.strictEqual(fallback.received.length, 0)
    })
  )

  it.scopedLive("is outrun for an answer in one piece, too, where the time is written out", () =>
    Effect.gen(function* () {
      const { ask, row } = yield* started({ primary: silent, fallback: answerWell("whole") })
      assert.strictEqual((yield* ask(false)).content, "whole")
      assert.deepStrictEqual(Caller.attempts(yield* row()), ["primary Outrun null", "fallback ok 200"])
    })
  )

  it.scopedLive("and who is asked beside it are both let go when the caller leaves", () =>
    Effect.gen(function* () {
      const { fallback, gateway, primary, row } = yield* started({ primary: silent, fallback: silent })
      const controller = new AbortController()
      const asked = gateway.client.chat.completions
        .create(
          { model: "test-model", messages: [{ role: "user", content: "Hi" }], stream: true },
          { signal: controller.signal }
        )
        .then(
          () => "answered",
          () => "left"
        )
      yield* Effect.promise(() => until(() => primary.busy() === 1 && fallback.busy() === 1))
      controller.abort()
      assert.strictEqual(yield* Effect.promise(() => asked), "left")
      assert.strictEqual((yield* row()).Outcome, "CallerLeft")
      yield* Effect.promise(() => until(() => primary.busy() === 0 && fallback.busy() === 0))
    })
  )

  it.scopedLive("gives its place back, and whoever outran it, too", () =>
    Effect.gen(function* () {
      const { ask } = yield* started(
        {
          primary: (call) => (call.number % 2 === 0 ? silent(call) : answerWell("primary")(call)),
          fallback: answerWell("fallback")
        },
        { hedge: "50ms", max_in_flight: 1 },
        { max_in_flight: 1 }
      )
      const heard: Array<string> = []
      for (let n = 0; n < 4; n++) heard.push((yield* ask()).content)
      assert.deepStrictEqual(heard, ["fallback", "primary", "fallback", "primary"])
    })
  )

  it.scopedLive("is outrun by one whose answer can be rescued like any other", () =>
    Effect.gen(function* () {
      const breaks: Script = (call) => {
        if (call.number > 0) return answerWell("one two three four")(call)
        call.events(role)
        call.response.write(`data: ${JSON.stringify(chunk({ content: "one two three" }))}\n\n`, () => call.destroy())
      }
      const third = yield* ScriptedUpstream.make(answerWell("one two three four"))
      const primary = yield* ScriptedUpstream.make(silent)
      const second = yield* ScriptedUpstream.make(breaks)
      const gateway = yield* TestGateway.make({
        openai_clients: [
          TestGateway.backend("primary", primary.url, { fallback: "second", hedge: "50ms" }),
          {
            ...TestGateway.backend("second", second.url, { fallback: "third" }),
            model_match: { type: "exact", value: ["second"] }
          },
          { ...TestGateway.backend("third", third.url), model_match: { type: "exact", value: ["third"] } }
        ]
      })
      const heard = yield* Effect.promise(() => Caller.ask(gateway.client, true))
      assert.strictEqual(heard.content, "one two three four")
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.deepStrictEqual(Caller.attempts(record), [
        "primary Outrun null",
        "second UpstreamBroke 200",
        "third ok 200"
      ])
      assert.strictEqual(record.Outcome, "Completed")
    })
  )

  it.scopedLive("at the very moment in which another begins: one answer, one row, and every place given back", () =>
    Effect.gen(function* () {
      const primary = yield* ScriptedUpstream.make((call) => after(40 + (call.number % 20), answerWell("one"))(call))
      const fallback = yield* ScriptedUpstream.make((call) => after(call.number % 4, answerWell("other"))(call))
      const gateway = yield* TestGateway.make({
        server: { operator_endpoints: true },
        openai_clients: [
          TestGateway.backend("primary", primary.url, {
            fallback: "other-model",
            hedge: "50ms",
            breaker: { enabled: false }
          }),
          { ...TestGateway.backend("fallback", fallback.url), model_match: { type: "exact", value: ["other-model"] } }
        ]
      })
      for (let round = 0; round < 5; round++) {
        const asked = Array.from({ length: 20 }, () => Caller.ask(gateway.client, true))
        const heard = yield* Effect.promise(() => Promise.all(asked))
        for (const { content, finish } of heard) {
          assert.include(["one", "other"], content)
          assert.strictEqual(finish, "stop")
        }
      }
      yield* Effect.promise(() => until(() => gateway.records.length === 100))
      for (const record of gateway.records) {
        assert.strictEqual(record.Outcome, "Completed")
        assert.match(Caller.attempts(record).join(", "), /(^|Outrun null, )(primary|fallback) ok 200$/)
      }
      yield* Effect.promise(() => until(() => primary.busy() === 0 && fallback.busy() === 0))
      const answer = yield* Effect.promise(() => fetch(new URL("/v1/backends", gateway.url)))
      const { data } = yield* Effect.promise(() => Caller.json(answer))
      assert.notMatch(JSON.stringify(data), /"in_flight":[1-9]/)
    })
  )
})
