import { assert, describe, it } from "@effect/vitest"
import * as HttpServer from "@effect/platform/HttpServer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import OpenAI from "openai"
import * as ConfigRef from "../../src/config/ConfigRef.js"
import type { RequestRecord } from "../../src/domain/record/RequestRecord.js"
import * as Gateway from "../../src/Gateway.js"
import * as RequestLog from "../../src/records/RequestLog.js"
import { Backends } from "../../src/upstream/Backends.js"
import { random } from "../domain/generators.js"
import * as Caller from "../support/Caller.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"
import { until } from "../support/Until.js"
import * as Scenario from "./Scenario.js"

const callers = 64
const perCaller = Number(process.env["CHAOS_REQUESTS"] ?? 6)
const rounds = Number(process.env["CHAOS_ROUNDS"] ?? 1)

type Script = (call: ScriptedUpstream.Call) => void

const well = ScriptedUpstream.answerWell(Scenario.canonical)

/** Every primary of the scenarios, and a good answer as often as all of them together. */
const faults: ReadonlyArray<Script> = [...Scenario.all.map(({ primary }) => primary), ...Scenario.all.map(() => well)]

const timeouts = { connect: "2s", headers: "300ms", first_token: "300ms", idle: "300ms", total: "2s" }
const breaker = { open: "200ms", open_max: "400ms", ramp: "200ms" }

describe("chaos", () => {
  for (let round = 1; round <= rounds; round++) {
    it.scopedLive(
      `${callers} callers, backends that fail in all ways at random, round ${round}`,
      () =>
        Effect.gen(function* () {
          const draw = random(20_261_125 + round)
          const upstream = yield* ScriptedUpstream.make((call) => {
            // A silent backend would hold a caller that is not streamed for `total`.
            const waits = call.received.body["stream"] !== true
            const script = faults[Math.floor(draw() * faults.length)] ?? well
            if (waits && script.length === 0) return call.json(504, { error: { message: "late" } })
            script(call)
          })
          const records: Array<RequestRecord> = []
          const entry = (name: string, model: string, more: object = {}) => ({
            ...TestGateway.backend(name, upstream.url, { timeouts, breaker, max_in_flight: 48, ...more }),
            model_match: { type: "exact" as const, value: [model] }
          })
          const config = {
            openai_clients: [
              entry("a", "test-model", { fallback: "other" }),
              entry("b", "test-model"),
              entry("c", "other", { fallback: "third" }),
              entry("d", "third")
            ]
          }
          const layer = Gateway.serve({ host: "127.0.0.1", port: 0 }).pipe(
            Layer.provideMerge(Gateway.layerCustom),
            Layer.provide([RequestLog.layerMemory(records), ConfigRef.layerStatic(config)]),
            Layer.provide(Logger.minimumLogLevel(LogLevel.None))
          )
          const context = yield* Layer.build(layer)
          const url = Gateway.addressOf(Context.get(context, HttpServer.HttpServer))
          const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "sk-caller", maxRetries: 0 })

          const tally = { whole: 0, errors: 0, left: 0 }
          const one = async (n: number): Promise<void> => {
            if (n % 9 === 0) {
              const body = { ...TestGateway.chat(), stream: true }
              const { request, response } = Caller.raw(`${url}/v1/chat/completions`, { body })
              await response
              request.destroy()
              tally.left++
              return
            }
            try {
              const heard = await Caller.ask(client, n % 2 === 0)
              assert.strictEqual(heard.content, Scenario.canonical)
              assert.strictEqual(heard.finish, "stop")
              tally.whole++
            } catch (error) {
              assert.instanceOf(error, OpenAI.APIError)
              tally.errors++
            }
          }
          yield* Effect.promise(() =>
            Promise.all(
              Array.from({ length: callers }, async (_, caller) => {
                for (let n = 0; n < perCaller; n++) await one(caller * perCaller + n)
              })
            )
          )

          const requests = callers * perCaller
          yield* Effect.promise(() => until(() => records.length >= requests))
          assert.strictEqual(new Set(records.map(({ id }) => id)).size, requests)
          assert.strictEqual(tally.whole + tally.errors + tally.left, requests)
          // Most faults leave somebody who can answer, and fewer where a busy machine brings on timeouts.
          assert.isAbove(tally.whole, requests / 5)
          assert.isFalse(records.some(({ Outcome }) => Outcome === "Crashed"))

          const { slots } = Context.get(context, Backends)
          const { routes } = yield* Context.get(context, ConfigRef.ConfigRef).current
          yield* Effect.promise(() => until(() => routes.backends.every((backend) => slots.inFlight(backend) === 0)))
          // What is still open at the backends waits for its next use; no answer is under way.
          yield* Effect.promise(() => until(() => upstream.busy() === 0))
        }),
      120_000
    )
  }
})
