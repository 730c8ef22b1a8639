import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import * as Admission from "../../src/admission/Admission.js"
import * as ConfigRef from "../../src/config/ConfigRef.js"
import { ModelNotFound } from "../../src/domain/failure/Failure.js"
import type { GatewayFailure } from "../../src/domain/failure/Failure.js"
import type { Outcome, RelayEnd } from "../../src/domain/failure/Outcome.js"
import * as Outcomes from "../../src/domain/failure/Outcome.js"
import { protocol } from "../../src/domain/protocol/openai-chat/OpenAiChatClient.js"
import type { RequestRecord } from "../../src/domain/record/RequestRecord.js"
import * as Drain from "../../src/exchange/Drain.js"
import * as Exchange from "../../src/exchange/Exchange.js"
import { LocalSink } from "../../src/exchange/LocalSink.js"
import { RequestLog } from "../../src/records/RequestLog.js"
import { entry } from "../domain/generators.js"

type Obtain = (exchange: Exchange.Exchange) => Effect.Effect<string, GatewayFailure>

/** A gateway in which nothing but the exchange is real; it says in which order things were done. */
const bench = Effect.gen(function* () {
  const records: Array<RequestRecord> = []
  let isBroken = false
  const done: Array<string> = []
  const log = RequestLog.of({
    record: (record) =>
      isBroken
        ? Effect.die(new Error("a log that dies"))
        : Effect.sync(() => void (records.push(record), done.push("recorded")))
  })
  const config = ConfigRef.layerStatic({
    openai_clients: [entry()],
    server: { max_in_flight: 1, queue: { size: 1, timeout: "1s" } }
  })
  const services = yield* Layer.build(
    Layer.mergeAll(Layer.succeed(RequestLog, log), config, Drain.layer, Admission.layer)
  )
  const run = (
    obtain: Obtain,
    relay: (exchange: Exchange.Exchange) => Effect.Effect<RelayEnd> = () => Effect.succeed(completed)
  ): { readonly sink: LocalSink; readonly outcome: Effect.Effect<Outcome> } => {
    const sink = new LocalSink()
    const arrival: Exchange.Arrival = {
      protocol,
      caller: () => ({ id: `req-${records.length}`, ip: "", caller: undefined, headers: {} }),
      sink: () => sink
    }
    const phases = { receive: () => Effect.void, obtain, relay }
    return { sink, outcome: Effect.provide(Exchange.run(arrival, phases), services) }
  }
  /** Asks for a stream of a model, as a caller would. */
  const asks = (model: string) => {
    const sink = new LocalSink()
    const text = JSON.stringify({ model, stream: true, messages: [{ role: "user", content: "hi" }] })
    return Effect.provide(
      Exchange.run(
        { protocol, caller: () => ({ id: "asks", ip: "", caller: undefined, headers: {} }), sink: () => sink },
        {
          receive: (exchange) => Exchange.decode(exchange, text),
          obtain: answer,
          relay: () => Effect.succeed(completed)
        }
      ),
      services
    )
  }
  return {
    records,
    done,
    run,
    asks,
    breakLog: () => void (isBroken = true),
    drain: Effect.provide(Drain.Drain, services)
  }
})

const completed = Outcomes.RelayEnd.Completed()
// Whoever asks for the outcome is not interrupted with the exchange.
const started = (outcome: Effect.Effect<Outcome>) => Effect.uninterruptible(Effect.fork(outcome))

const answer: Obtain = () => Effect.succeed("an answer")

describe("Exchange", () => {
  it.scoped("records each end once, whatever it is", () =>
    Effect.gen(function* () {
      const { records, run } = yield* bench
      const ends: ReadonlyArray<
        readonly [string, Obtain, ((exchange: Exchange.Exchange) => Effect.Effect<RelayEnd>)?]
      > = [
        ["Completed", answer],
        ["ModelNotFound", () => new ModelNotFound({ model: "m" })],
        ["Crashed", () => Effect.die(new Error("a defect"))],
        ["Crashed", answer, () => Effect.die(new Error("a defect"))],
        ["CallerLeft", answer, () => Effect.succeed(Outcomes.RelayEnd.CallerLeft())]
      ]
      for (const [tag, obtain, relay] of ends) {
        const outcome = yield* run(obtain, relay).outcome
        assert.strictEqual(outcome._tag, tag)
      }
      assert.deepStrictEqual(
        records.map((record) => record.Outcome),
        ends.map(([tag]) => tag)
      )
    })
  )

  it.scoped("ends what was begun before it records, the last first, even where that fails", () =>
    Effect.gen(function* () {
      const { done, run } = yield* bench
      yield* run(({ atEnd }) => {
        atEnd(() => Effect.sync(() => void done.push("first")))
        atEnd(() => Effect.die(new Error("a defect")))
        atEnd(() => void done.push("last"))
        return new ModelNotFound({ model: "m" })
      }).outcome
      assert.deepStrictEqual(done, ["last", "first", "recorded"])
    })
  )

  it.scoped("gives its place to the next, however it ended", () =>
    Effect.gen(function* () {
      const { records, run } = yield* bench
      for (const obtain of [() => Effect.die("a defect"), () => new ModelNotFound({ model: "m" }), answer]) {
        yield* run(obtain).outcome
      }
      const stays = yield* Deferred.make<void>()
      const first = yield* Effect.fork(run(() => Effect.as(Deferred.await(stays), "late")).outcome)
      yield* Effect.yieldNow()
      const second = yield* Effect.fork(run(answer).outcome)
      yield* Effect.yieldNow()
      const third = yield* run(answer).outcome
      assert.strictEqual(third._tag, "Overloaded")
      yield* Deferred.succeed(stays, undefined)
      assert.strictEqual((yield* Fiber.join(first))._tag, "Completed")
      assert.strictEqual((yield* Fiber.join(second))._tag, "Completed")
      assert.lengthOf(records, 6)
    })
  )

  it.scoped("says in the record what was asked for, though it was refused before anybody was asked", () =>
    Effect.gen(function* () {
      const { asks, records, run } = yield* bench
      const first = yield* Effect.fork(run(() => Effect.never).outcome)
      yield* Effect.yieldNow()
      assert.strictEqual((yield* asks("wanted"))._tag, "Overloaded")
      assert.deepStrictEqual(
        records.map(({ RequestedModel, Stream }) => [RequestedModel, Stream]),
        [["wanted", 1]]
      )
      yield* Fiber.interrupt(first)
    })
  )

  it.scoped("tells all who watch, though the log dies", () =>
    Effect.gen(function* () {
      const { breakLog, run } = yield* bench
      breakLog()
      assert.strictEqual((yield* run(answer).outcome)._tag, "Completed")
      assert.strictEqual((yield* run(answer).outcome)._tag, "Completed")
    })
  )

  it.scoped("refuses who waited for too long, and holds nothing for it", () =>
    Effect.gen(function* () {
      const { run } = yield* bench
      const first = yield* Effect.fork(run(() => Effect.never).outcome)
      yield* Effect.yieldNow()
      assert.strictEqual((yield* run(answer).outcome)._tag, "Overloaded")
      yield* Fiber.interrupt(first)
      assert.strictEqual((yield* run(answer).outcome)._tag, "Completed")
    })
  )

  it.scoped("is interrupted by a caller that leaves before there is an answer", () =>
    Effect.gen(function* () {
      const { records, run } = yield* bench
      const begun = yield* Deferred.make<void>()
      const { outcome, sink } = run(() => Effect.zipRight(Deferred.succeed(begun, undefined), Effect.never))
      const fiber = yield* started(outcome)
      yield* Deferred.await(begun)
      sink.leave()
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "CallerLeft")
      assert.lengthOf(records, 1)
    })
  )

  it.scoped("is not begun once the gateway drains, and is cut at the deadline", () =>
    Effect.gen(function* () {
      const { drain, records, run } = yield* bench
      const running = yield* started(run(() => Effect.never).outcome)
      yield* Effect.yieldNow()
      const draining = yield* Effect.fork(Effect.flatMap(drain, (service) => service.drain(Duration.seconds(5))))
      yield* Effect.yieldNow()
      assert.strictEqual((yield* run(answer).outcome)._tag, "Draining")
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.join(running))._tag, "CutByDrain")
      yield* Fiber.join(draining)
      assert.deepStrictEqual(
        records.map((record) => record.Outcome),
        ["Draining", "CutByDrain"]
      )
    })
  )
})
