import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"
import { until } from "../support/Until.js"

const one = { open: "1500ms", ramp: "1ms", failures: 2 }

/** A primary that fails while it is told to, and a reserve that answers. */
const pair = (breaker: object = one, more: object = {}) =>
  Effect.gen(function* () {
    const state = { down: true }
    const primary = yield* ScriptedUpstream.make((call) =>
      state.down ? call.json(503, { error: { message: "down" } }) : ScriptedUpstream.answerWell("primary")(call)
    )
    const reserve = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("reserve"))
    const gateway = yield* TestGateway.make({
      openai_clients: [
        TestGateway.backend("a", primary.url, { breaker, ...more }),
        TestGateway.backend("b", reserve.url, { priority: 0 })
      ]
    })
    const ask = Effect.promise(() => Caller.ask(gateway.client, false))
    return { state, primary, reserve, gateway, ask }
  })

describe("a backend that keeps failing", () => {
  it.scopedLive("is set aside, tried again by one real request, and comes back", () =>
    Effect.gen(function* () {
      const { ask, primary, state } = yield* pair()
      for (let n = 0; n < 5; n++) assert.strictEqual((yield* ask).content, "reserve")
      assert.strictEqual(primary.received.length, 2)
      state.down = false
      yield* Effect.sleep("1600 millis")
      assert.strictEqual((yield* ask).content, "primary")
      yield* Effect.sleep("5 millis")
      assert.strictEqual((yield* ask).content, "primary")
    })
  )

  it.scopedLive("is asked all the same when there is nobody else", () =>
    Effect.gen(function* () {
      const state = { down: true }
      const only = yield* ScriptedUpstream.make((call) =>
        state.down ? call.json(503, { error: { message: "down" } }) : ScriptedUpstream.answerWell("back")(call)
      )
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", only.url, { breaker: { failures: 1, open: "1h" }, retries: 0 })]
      })
      for (let n = 0; n < 3; n++) yield* Effect.promise(() => Caller.rejection(Caller.ask(gateway.client, false)))
      assert.strictEqual(only.received.length, 3)
      state.down = false
      assert.strictEqual((yield* Effect.promise(() => Caller.ask(gateway.client, false))).content, "back")
    })
  )

  it.scopedLive("is never set aside when its breaker is off", () =>
    Effect.gen(function* () {
      const { ask, primary } = yield* pair({ enabled: false })
      for (let n = 0; n < 8; n++) yield* ask
      assert.strictEqual(primary.received.length, 8)
    })
  )

  it.scopedLive("is set aside for as long as it asks", () =>
    Effect.gen(function* () {
      const limited = yield* ScriptedUpstream.make((call) =>
        call.json(429, { error: { message: "slow down" } }, { "retry-after": "60" })
      )
      const reserve = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("reserve"))
      const gateway = yield* TestGateway.make({
        openai_clients: [
          TestGateway.backend("a", limited.url, { api_key: "sk-own" }),
          TestGateway.backend("b", reserve.url, { priority: 0 })
        ]
      })
      for (let n = 0; n < 3; n++) yield* Effect.promise(() => Caller.ask(gateway.client, false))
      assert.strictEqual(limited.received.length, 1)
    })
  )

  it.scopedLive("is not blamed for what the caller asks, or for the caller's own key", () =>
    Effect.gen(function* () {
      let asked = 0
      const picky = yield* ScriptedUpstream.make((call) =>
        call.json([400, 401, 422, 429][asked++ % 4] ?? 400, { error: { message: "no" } }, { "retry-after": "60" })
      )
      const gateway = yield* TestGateway.make({
        openai_clients: [
          TestGateway.backend("a", picky.url, { breaker: { failures: 1, open: "1h" } }),
          TestGateway.backend("b", picky.url, { priority: 0 })
        ]
      })
      for (let n = 0; n < 8; n++) yield* Effect.promise(() => Caller.rejection(Caller.ask(gateway.client, false)))
      for (const { Attempts } of gateway.records) assert.match(Attempts, /^\[\{"backend":"a"/)
    })
  )
})

describe("max_in_flight", () => {
  it.scopedLive("sends what is too much for one backend to the next, and lets the rest wait its turn", () =>
    Effect.gen(function* () {
      const latch = Caller.latch()
      let under = 0
      let most = 0
      const script = async (call: ScriptedUpstream.Call) => {
        most = Math.max(most, ++under)
        await latch.promise
        under--
        ScriptedUpstream.answerWell("fine")(call)
      }
      const a = yield* ScriptedUpstream.make(script)
      const b = yield* ScriptedUpstream.make(script)
      const gateway = yield* TestGateway.make({
        openai_clients: [
          TestGateway.backend("a", a.url, { max_in_flight: 2 }),
          TestGateway.backend("b", b.url, { max_in_flight: 1, priority: 0 })
        ]
      })
      const answers = Array.from({ length: 6 }, (_, n) => Caller.ask(gateway.client, n % 2 === 0))
      yield* Effect.promise(async () => {
        await until(() => a.received.length + b.received.length >= 3)
        latch.open()
        for (const heard of await Promise.all(answers)) assert.strictEqual(heard.content, "fine")
      })
      assert.isAtMost(most, 3)
      assert.strictEqual(a.received.length + b.received.length, 6)
    })
  )

  it.scopedLive("answers 503 with Retry-After to who waits too long or finds no place in the line", () =>
    Effect.gen(function* () {
      const stuck = yield* ScriptedUpstream.make(() => {})
      const gateway = yield* TestGateway.make({
        openai_clients: [TestGateway.backend("a", stuck.url, { max_in_flight: 1 })],
        server: { queue: { size: 1, timeout: "150ms" } }
      })
      const first = new AbortController()
      const holding = Caller.rejection(gateway.post("/v1/chat/completions", TestGateway.chat(), {}, first.signal))
      const refused = yield* Effect.promise(async () => {
        await until(() => stuck.received.length > 0)
        return Promise.all([1, 2].map(() => gateway.post("/v1/chat/completions", TestGateway.chat())))
      })
      for (const response of refused) {
        assert.strictEqual(response.status, 503)
        assert.strictEqual(response.headers.get("retry-after"), "1")
        assert.strictEqual(response.headers.get("retry-after-ms"), "1000")
        assert.strictEqual((yield* Effect.promise(() => Caller.errorOf(response)))["code"], "overloaded")
      }
      assert.deepStrictEqual(
        gateway.records.map(({ Outcome }) => Outcome),
        ["Overloaded", "Overloaded"]
      )
      // The place of a caller that leaves is free again.
      first.abort()
      yield* Effect.promise(() => holding)
      yield* Effect.promise(() => gateway.record(2))
      const next = new AbortController()
      const served = Caller.rejection(gateway.post("/v1/chat/completions", TestGateway.chat(), {}, next.signal))
      yield* Effect.promise(async () => {
        await until(() => stuck.received.length > 1)
        next.abort()
        await served
      })
    })
  )
})

describe("a backend that takes so many at once", () => {
  for (const retryAfter of [false, true]) {
    it.scopedLive(
      `is given as many, and not set aside for the others, ${retryAfter ? "with" : "without"} Retry-After`,
      () =>
        Effect.gen(function* () {
          let under = 0
          let answered = 0
          let refused = 0
          const small = yield* ScriptedUpstream.make(async (call) => {
            if (under >= 4) {
              refused++
              return call.json(
                429,
                { error: { message: "too many requests" } },
                retryAfter ? { "retry-after-ms": "50" } : {}
              )
            }
            under++
            await new Promise((resume) => setTimeout(resume, 20))
            under--
            answered++
            ScriptedUpstream.answerWell("small")(call)
          })
          const sibling = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("sibling"))
          const gateway = yield* TestGateway.make({
            openai_clients: [
              TestGateway.backend("a", small.url, { api_key: "sk-own" }),
              TestGateway.backend("b", sibling.url, { priority: 0 })
            ]
          })
          const callers = Array.from({ length: 12 }, async () => {
            for (let n = 0; n < 40; n++) await Caller.ask(gateway.client, false)
          })
          yield* Effect.promise(() => Promise.all(callers))
          assert.isAbove(answered, 20)
          assert.isBelow(refused, 8 + (answered + refused) / 10)
        })
    )
  }

  it.scopedLive("lets the rest wait where there is nobody else", () =>
    Effect.gen(function* () {
      let under = 0
      const small = yield* ScriptedUpstream.make(async (call) => {
        if (under >= 2) return call.json(429, { error: { message: "no" } }, { "retry-after-ms": "100" })
        under++
        await new Promise((resume) => setTimeout(resume, 20))
        under--
        ScriptedUpstream.answerWell("small")(call)
      })
      const gateway = yield* TestGateway.make({
        // Whoever is refused for having been tried as one more is asked once more.
        openai_clients: [TestGateway.backend("a", small.url, { api_key: "sk-own", retries: 3 })]
      })
      // Without retries of their own: who was refused waits for its turn, too.
      const ask = () => gateway.post("/v1/chat/completions", TestGateway.chat())
      const answers = yield* Effect.promise(() => Promise.all(Array.from({ length: 10 }, ask)))
      assert.deepStrictEqual(
        answers.map(({ status }) => status),
        answers.map(() => 200)
      )
    })
  )
})

describe("many keys of one provider", () => {
  const statuses = [401, 402, 403, 429, 401, 402, 403, 429, 401]

  it.scopedLive("may be refused one after the other, until one is taken; those are not asked again at once", () =>
    Effect.gen(function* () {
      const provider = yield* ScriptedUpstream.make((call) => {
        const key = /sk-key-(\d)/.exec(call.received.headers.authorization ?? "")?.[1]
        const status = key === undefined ? undefined : statuses[Number(key)]
        if (status === undefined) return ScriptedUpstream.answerWell("taken")(call)
        const code = status === 429 ? "insufficient_quota" : "account_suspended"
        call.json(status, { error: { message: "no", type: "t", code } })
      })
      const key = (n: number, priority: number) =>
        TestGateway.backend(`key-${n}`, provider.url, { api_key: `sk-key-${n}`, priority })
      const gateway = yield* TestGateway.make({
        openai_clients: [...statuses.map((_, n) => key(n, 1)), key(9, 0)]
      })
      const heard = yield* Effect.promise(() => Caller.ask(gateway.client, true))
      assert.strictEqual(heard.content, "taken")
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.strictEqual(Caller.attempts(record).length, 10)
      assert.strictEqual((yield* Effect.promise(() => Caller.ask(gateway.client, true))).content, "taken")
      assert.strictEqual(provider.received.length, 11)
    })
  )
})

describe("a pooled connection that its backend has closed", () => {
  it.scopedLive("never surfaces: the request goes again over a new one", () =>
    Effect.gen(function* () {
      const seen = new Set<unknown>()
      const upstream = yield* ScriptedUpstream.make((call) => {
        const { socket } = call.response
        if (seen.has(socket)) return call.destroy()
        seen.add(socket)
        ScriptedUpstream.answerWell("fine")(call)
      })
      const gateway = yield* TestGateway.make({ openai_clients: [TestGateway.backend("a", upstream.url)] })
      for (let round = 0; round < 3; round++) {
        const heard = yield* Effect.promise(() =>
          Promise.all(Array.from({ length: 8 }, (_, n) => Caller.ask(gateway.client, n % 2 === 0)))
        )
        for (const { content } of heard) assert.strictEqual(content, "fine")
      }
    })
  )
})
