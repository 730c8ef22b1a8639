import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as RawCaller from "../support/RawCaller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as Stopping from "../support/Stopping.js"
import * as TestGateway from "../support/TestGateway.js"
import { until } from "../support/Until.js"

const { chunk } = ScriptedUpstream

/** What a backend does with a call, said by the caller in its message. */
const behaviours = {
  well: ScriptedUpstream.answerWell("Hello there"),
  silent: () => {},
  begins: (call: ScriptedUpstream.Call) => call.events(chunk({ content: "begun" })),
  breaks: (call: ScriptedUpstream.Call) => {
    call.events(chunk({ content: "begun" }))
    call.destroy()
  },
  refuses: (call: ScriptedUpstream.Call) => call.json(400, { error: { message: "no" } })
}
type Behaviour = keyof typeof behaviours

const behave = (call: ScriptedUpstream.Call): void => {
  const said = /do: (\w+)/.exec(JSON.stringify(call.received.body))?.[1]
  for (const [name, act] of Object.entries(behaviours)) if (name === said) act(call)
}

interface Ask {
  readonly behaviour: Behaviour
  readonly stream: boolean
}

interface Caller {
  /** Written at once, over one connection. */
  readonly asks: ReadonlyArray<Ask>
  /** In the middle of its last request. */
  readonly isCut: boolean
  /** After so many ms, or when the backend has heard of it. */
  readonly leaves: number | "reached"
}

const caller: fc.Arbitrary<Caller> = fc.record({
  asks: fc.array(
    fc.record({
      behaviour: fc.constantFrom<Behaviour>("well", "silent", "begins", "breaks", "refuses"),
      stream: fc.boolean()
    }),
    { minLength: 1, maxLength: 5 }
  ),
  isCut: fc.boolean(),
  leaves: fc.oneof(fc.constant<"reached">("reached"), fc.nat({ max: 30 }))
})

const bytesOf = ({ asks, isCut }: Caller): string => {
  const all = asks.map(({ behaviour, stream }) =>
    RawCaller.request({
      ...TestGateway.chat(),
      stream,
      messages: [{ role: "user", content: `do: ${behaviour}` }]
    })
  )
  return isCut ? all.join("").slice(0, -5) : all.join("")
}

const visit = (url: string, upstream: ScriptedUpstream.ScriptedUpstream, who: Caller): Promise<void> =>
  RawCaller.connect(url).then(async ({ received, socket }) => {
    const heard = upstream.received.length
    socket.write(bytesOf(who))
    const isReached = () => received.ended || received.text !== "" || upstream.received.length > heard || who.isCut
    if (who.leaves === "reached") await until(isReached)
    else await new Promise((resolve) => setTimeout(resolve, Number(who.leaves)))
    socket.destroy()
  })

const configOf = (upstream: ScriptedUpstream.ScriptedUpstream) => ({
  openai_clients: [TestGateway.backend("a", upstream.url, { retries: 0, breaker: { enabled: false } })],
  server: { drain: "30s", max_in_flight: 2, queue: { timeout: "20s" } }
})

const diesNow = Effect.die("the log is broken")

const logs: ReadonlyArray<readonly [name: string, recording: Stopping.Recording]> = [
  ["keeps rows", () => Effect.void],
  ["dies with every second row", ({ Time }) => (Number(Time.at(-2)) % 2 === 0 ? diesNow : Effect.void)]
]

describe("whatever callers do", () => {
  for (const [name, recording] of logs) {
    it.live(`all places come back, where the log ${name}`, () =>
      Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(fc.array(caller, { minLength: 1, maxLength: 6 }), (callers) =>
            Effect.runPromise(
              Effect.gen(function* () {
                const upstream = yield* ScriptedUpstream.make(behave)
                const gateway = yield* Stopping.make(configOf(upstream), recording)
                yield* Effect.promise(() => Promise.all(callers.map((who) => visit(gateway.url, upstream, who))))
                yield* Effect.promise(() => until(() => upstream.busy() === 0))
                // Both places, at once.
                const answers = yield* Effect.promise(() =>
                  Promise.all(
                    [1, 2].map(async () => {
                      const { received, socket } = await RawCaller.connect(gateway.url)
                      socket.write(bytesOf({ asks: [{ behaviour: "well", stream: false }], isCut: false, leaves: 0 }))
                      await until(() => received.text.includes("Hello there"))
                      socket.destroy()
                    })
                  )
                )
                assert.lengthOf(answers, 2)
                assert.isBelow(yield* Effect.flatten(gateway.stop), 10_000)
                assert.strictEqual(new Set(gateway.records.map(({ id }) => id)).size, gateway.records.length)
                assert.strictEqual(gateway.late(), 0)
              }).pipe(Effect.scoped)
            )
          ),
          { numRuns: 15 }
        )
      )
    )
  }
})

describe.concurrent("a log of the host's", () => {
  const answered = (url: string) =>
    Effect.promise(async () => {
      const { received, socket } = await RawCaller.connect(url)
      socket.write(bytesOf({ asks: [{ behaviour: "well", stream: false }], isCut: false, leaves: 0 }))
      await until(() => received.text.includes("Hello there"))
      socket.destroy()
    })

  for (const [name, recording] of [
    ["hangs", () => Effect.never],
    ["hangs, and cannot be interrupted", () => Effect.uninterruptible(Effect.never)]
  ] as const) {
    it.scopedLive(`that ${name} neither keeps the places of exchanges nor the gateway from stopping`, () =>
      Effect.gen(function* () {
        const upstream = yield* ScriptedUpstream.make(behave)
        const gateway = yield* Stopping.make(configOf(upstream), recording)
        // More than there are places.
        for (let count = 0; count < 3; count++) yield* answered(gateway.url)
        assert.isBelow(yield* Effect.flatten(gateway.stop), 20_000)
        assert.lengthOf(gateway.records, 3)
        assert.lengthOf(
          gateway.log.lines.filter((line) => line.includes("was not taken")),
          3
        )
      })
    )
  }
})
