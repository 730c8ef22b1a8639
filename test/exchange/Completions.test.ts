import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { ChatCompletionChunk } from "../../src/domain/chat/ChatCompletion.js"
import type { RequestRecord } from "../../src/domain/record/RequestRecord.js"
import * as Caller from "../support/Caller.js"
import * as LocalGateway from "../support/LocalGateway.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"
import { until } from "../support/Until.js"

const { answerWell, chunk, completion } = ScriptedUpstream
const { backend, chat } = TestGateway

const quietly = Logger.withMinimumLogLevel(LogLevel.None)

const textOf = (chunks: Iterable<ChatCompletionChunk>): string =>
  [...chunks].flatMap(({ choices }) => choices.map(({ delta }) => delta.content ?? "")).join("")

/** All that came of a stream, and how it ended. */
const drained = <E>(stream: Stream.Stream<ChatCompletionChunk, E>) =>
  Effect.gen(function* () {
    const chunks: Array<ChatCompletionChunk> = []
    const ended = yield* Effect.either(Stream.runForEach(stream, (each) => Effect.sync(() => chunks.push(each))))
    return { chunks, text: textOf(chunks), failure: ended._tag === "Left" ? ended.left : undefined }
  })

/** What does not depend on the moment or on the way of a request. */
const lasting = ({
  Caller: _,
  Headers: __,
  IP: ___,
  LatencyMs,
  Time,
  TtftMs,
  id,
  Attempts,
  ...rest
}: RequestRecord) => ({
  ...rest,
  timed: LatencyMs >= 0 && Time !== "" && id !== "",
  ttft: TtftMs !== null,
  attempts: Attempts.replace(/"ms":\d+/g, "")
})

/** An upstream that says a word and then does something else. */
const begins = (then: (call: ScriptedUpstream.Call) => void | Promise<void>) =>
  ScriptedUpstream.make(async (call) => {
    call.events(chunk({ role: "assistant", content: "Once" }))
    // Whoever destroys the socket shall not take the word along.
    await new Promise<void>((resolve) => call.response.write("", () => resolve()))
    await then(call)
  })

const oneBackend = (url: string, more: Parameters<typeof backend>[2] = {}) => ({
  openai_clients: [backend("a", url, { retries: 0, rescue: "off", ...more })]
})

describe("complete", () => {
  it.scopedLive("gives the whole answer with all that the backend put into it, and leaves one row", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(({ json }) =>
        json(200, completion("Hello", { system_fingerprint: "fp_1", provider: { name: "x" } }))
      )
      const { completions, records } = yield* LocalGateway.make(oneBackend(upstream.url))
      const answer = yield* completions.complete({ ...chat(), temperature: 0.5 })
      assert.strictEqual(answer.choices[0].message.content, "Hello")
      assert.strictEqual(answer.usage?.total_tokens, 5)
      assert.strictEqual(answer["system_fingerprint"], "fp_1")
      assert.deepStrictEqual(answer["provider"], { name: "x" })
      assert.strictEqual(upstream.received[0]?.body["temperature"], 0.5)
      assert.deepStrictEqual(
        records.map(({ Outcome, Status, Stream, Type }) => [Outcome, Status, Stream, Type]),
        [["Completed", 200, 0, "chat"]]
      )
    }).pipe(quietly)
  )

  it.scopedLive("fails over, and falls back to another model", () =>
    Effect.gen(function* () {
      const broken = yield* ScriptedUpstream.make(({ json }) => json(503, {}))
      const well = yield* ScriptedUpstream.make(answerWell("From the spare"))
      const { completions, records } = yield* LocalGateway.make({
        openai_clients: [
          backend("a", broken.url, { fallback: "spare" }),
          backend("b", well.url, { model_match: { type: "exact", value: "spare" } })
        ]
      })
      const answer = yield* completions.complete(chat())
      assert.strictEqual(answer.choices[0].message.content, "From the spare")
      assert.strictEqual(well.received[0]?.body["model"], "spare")
      assert.deepStrictEqual(records.map(Caller.attempts), [["a UpstreamRejected 503", "b ok 200"]])
    }).pipe(quietly)
  )

  it.scopedLive("fails as the server would answer, with a row of that status", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(({ json }) => json(400, { error: { message: "No such tool" } }))
      const { completions, records } = yield* LocalGateway.make({
        ...oneBackend(upstream.url),
        server: { max_body: "1KiB" }
      })
      const cyclic: { model: string; messages: Array<{ role: string; self?: unknown }> } = {
        model: "test-model",
        messages: [{ role: "user" }]
      }
      cyclic.messages[0] = { role: "user", self: cyclic }
      const failures = yield* Effect.forEach(
        [
          { ...chat(), model: "nowhere" },
          { model: "test-model", messages: [] },
          { ...chat(), stream_options: { include_usage: "yes" } },
          cyclic,
          { ...chat(), messages: [{ role: "user", content: "long".repeat(1_000) }] },
          chat()
        ],
        (request) => Effect.flip(completions.complete(request))
      )
      assert.deepStrictEqual(
        failures.map(({ _tag }) => _tag),
        ["ModelNotFound", "BodyMalformed", "BodyMalformed", "BodyMalformed", "BodyTooLarge", "Rejected"]
      )
      assert.deepStrictEqual(
        records.map(({ Outcome, Status }) => [Outcome, Status]),
        [
          ["ModelNotFound", 404],
          ["BodyMalformed", 400],
          ["BodyMalformed", 400],
          ["BodyMalformed", 400],
          ["BodyTooLarge", 413],
          ["Rejected", 400]
        ]
      )
      assert.lengthOf(upstream.received, 1)
    }).pipe(quietly)
  )

  it.scopedLive("takes no harm from a caller that changes its request meanwhile", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(({ json, number }) =>
        number === 0 ? json(500, {}) : json(200, completion("Second"))
      )
      const { completions } = yield* LocalGateway.make(oneBackend(upstream.url, { retries: 1 }))
      const request = { model: "test-model", messages: [{ role: "user", content: "first" }] }
      const asked = yield* Effect.fork(completions.complete(request))
      yield* Effect.promise(() => until(() => upstream.received.length === 1))
      request.messages[0] = { role: "user", content: "changed" }
      yield* Fiber.join(asked)
      assert.deepStrictEqual(
        upstream.received.map(({ body }) => body["messages"]),
        [[{ role: "user", content: "first" }], [{ role: "user", content: "first" }]]
      )
    }).pipe(quietly)
  )
})

describe("stream", () => {
  it.scopedLive("gives chunks as they come and ends when the answer has", () =>
    Effect.gen(function* () {
      const proceed = Caller.latch()
      const upstream = yield* begins(async ({ end, events }) => {
        await proceed.promise
        events(chunk({ content: " upon" }, null, { system_fingerprint: "fp_2" }), chunk({ content: " a time" }))
        events(chunk({}, "stop"), ScriptedUpstream.usageChunk(3, 4), "[DONE]")
        end()
      })
      const { completions, records } = yield* LocalGateway.make(oneBackend(upstream.url))
      const request = { ...chat(), stream_options: { include_usage: true } }
      const heard = yield* drained(
        // The rest is only sent when the first chunk has been seen.
        Stream.tap(completions.stream(request), () => Effect.sync(() => proceed.open()))
      )
      assert.strictEqual(heard.text, "Once upon a time")
      assert.isUndefined(heard.failure)
      assert.strictEqual(heard.chunks[1]?.["system_fingerprint"], "fp_2")
      assert.strictEqual(heard.chunks.at(-1)?.usage?.total_tokens, 7)
      assert.deepStrictEqual(
        records.map(({ Outcome, Stream, TotalTokens }) => [Outcome, Stream, TotalTokens]),
        [["Completed", 1, 7]]
      )
    }).pipe(quietly)
  )

  it.scopedLive("fails before the first chunk as the server would answer", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(({ destroy }) => destroy())
      const { completions, records } = yield* LocalGateway.make(oneBackend(upstream.url))
      const heard = yield* drained(completions.stream(chat()))
      assert.strictEqual(heard.failure?._tag, "NoBackendAvailable")
      assert.lengthOf(heard.chunks, 0)
      assert.deepStrictEqual(
        records.map(({ Outcome, Status }) => [Outcome, Status]),
        [["NoBackendAvailable", 502]]
      )
    }).pipe(quietly)
  )

  const cuts = [
    {
      reason: "broke",
      outcome: "UpstreamBroke",
      code: "upstream_broke",
      then: ({ destroy }: ScriptedUpstream.Call) => destroy()
    },
    {
      reason: "errored",
      outcome: "UpstreamErrored",
      code: "too_hot",
      then: ({ events }: ScriptedUpstream.Call) => events({ error: { message: "It burns", code: "too_hot" } })
    },
    { reason: "stalled", outcome: "UpstreamStalled", code: "upstream_stalled", then: () => {} }
  ]
  for (const { code, outcome, reason, then } of cuts) {
    it.scopedLive(`fails as ${reason} after the first chunk, when that is how the backend ends`, () =>
      Effect.gen(function* () {
        const upstream = yield* begins(then)
        const { completions, records } = yield* LocalGateway.make(
          oneBackend(upstream.url, { timeouts: { idle: "100ms" } })
        )
        const { failure, text } = yield* drained(completions.stream(chat()))
        assert.strictEqual(text, "Once")
        if (failure?._tag !== "StreamFailure") throw new Error("not cut")
        assert.strictEqual(failure.reason, reason)
        assert.strictEqual(failure.error.code, code)
        assert.strictEqual(failure.message, failure.error.message)
        assert.deepStrictEqual(
          records.map(({ Outcome }) => Outcome),
          [outcome]
        )
      }).pipe(quietly)
    )
  }

  it.scopedLive("goes on with another backend's answer when one breaks off", () =>
    Effect.gen(function* () {
      const broken = yield* begins(({ destroy }) => destroy())
      const well = yield* ScriptedUpstream.make(answerWell("Once upon a time"))
      const { completions, records } = yield* LocalGateway.make({
        openai_clients: [backend("a", broken.url), backend("b", well.url, { priority: 0 })]
      })
      const { failure, text } = yield* drained(completions.stream(chat()))
      assert.strictEqual(text, "Once upon a time")
      assert.isUndefined(failure)
      assert.deepStrictEqual(
        records.map(({ Outcome }) => Outcome),
        ["Completed"]
      )
    }).pipe(quietly)
  )

  it.scopedLive("holds the backend back while nobody takes its chunks, and loses none", () =>
    Effect.gen(function* () {
      const word = "x".repeat(64 * 1024)
      const count = 512
      let written = 0
      const upstream = yield* ScriptedUpstream.make(async ({ end, events, response }) => {
        for (let n = 0; n < count; n++) {
          events(chunk({ content: word }))
          written++
          if (response.writableNeedDrain) await new Promise((resolve) => response.once("drain", resolve))
        }
        events(chunk({}, "stop"), "[DONE]")
        end()
      })
      const { completions, records } = yield* LocalGateway.make(oneBackend(upstream.url))
      const seen: Array<number> = []
      let length = 0
      const quietFor = async () => {
        for (let before = -1; before !== written;) {
          before = written
          await new Promise((resolve) => setTimeout(resolve, 100))
        }
      }
      yield* Stream.runForEach(completions.stream(chat()), ({ choices }) =>
        Effect.gen(function* () {
          if (length === 0) {
            yield* Effect.promise(quietFor)
            seen.push(written)
          }
          length += choices[0]?.delta.content?.length ?? 0
        })
      )
      // What is on its way is bounded by the buffers of one connection, not by the answer.
      assert.isBelow(seen[0] ?? count, count)
      assert.strictEqual(length, word.length * count)
      assert.strictEqual(records[0]?.Outcome, "Completed")
    }).pipe(quietly)
  )

  it.scopedLive("ends as unread for a caller that takes longer than an answer may", () =>
    Effect.gen(function* () {
      const proceed = Caller.latch()
      const upstream = yield* begins(async ({ end, events }) => {
        await proceed.promise
        events(chunk({ content: " upon a time" }, "stop"), "[DONE]")
        end()
      })
      const { completions, records } = yield* LocalGateway.make(
        oneBackend(upstream.url, { timeouts: { total: "300ms" } })
      )
      const idle = Effect.promise(() => {
        proceed.open()
        return until(() => records.length === 1)
      })
      const { failure } = yield* drained(Stream.tap(completions.stream(chat()), () => idle))
      assert.strictEqual(failure?._tag === "StreamFailure" ? failure.reason : undefined, "unread")
      assert.strictEqual(records[0]?.Outcome, "CallerLeft")
    }).pipe(quietly)
  )
})

describe("a caller that leaves", () => {
  /** An upstream that tells when its call is there and when it is closed. */
  const watched = (script: (call: ScriptedUpstream.Call) => void) =>
    Effect.gen(function* () {
      const arrived = Caller.latch()
      const closed = Caller.latch()
      const upstream = yield* ScriptedUpstream.make((call) => {
        void call.closed.then(() => closed.open())
        script(call)
        arrived.open()
      })
      return { upstream, arrived: Effect.promise(() => arrived.promise), closed: Effect.promise(() => closed.promise) }
    })

  for (const stream of [false, true]) {
    it.scopedLive(`cancels the backend before its head, ${stream ? "" : "not "}streamed`, () =>
      Effect.gen(function* () {
        const { arrived, closed, upstream } = yield* watched(() => {})
        const { completions, records } = yield* LocalGateway.make(oneBackend(upstream.url))
        const call = stream ? Stream.runDrain(completions.stream(chat())) : completions.complete(chat())
        const asked = yield* Effect.fork(call)
        yield* arrived
        yield* Fiber.interrupt(asked)
        // Its end is recorded when the interruption is over.
        assert.deepStrictEqual(
          records.map(({ Outcome, Status }) => [Outcome, Status]),
          [["CallerLeft", null]]
        )
        yield* closed
      }).pipe(quietly)
    )
  }

  it.scopedLive("cancels the backend in the middle of a stream, of which it wanted no more", () =>
    Effect.gen(function* () {
      const { closed, upstream } = yield* watched(({ events }) => events(chunk({ content: "Once" })))
      const { completions, records } = yield* LocalGateway.make(oneBackend(upstream.url))
      const chunks = yield* Stream.runCollect(Stream.take(completions.stream(chat()), 1))
      assert.strictEqual(textOf(Chunk.toReadonlyArray(chunks)), "Once")
      assert.deepStrictEqual(
        records.map(({ Outcome, Status }) => [Outcome, Status]),
        [["CallerLeft", 200]]
      )
      yield* closed
    }).pipe(quietly)
  )

  it.scopedLive("waits in no line any more", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(() => {})
      const { completions, records } = yield* LocalGateway.make({
        ...oneBackend(upstream.url),
        server: { max_in_flight: 1, queue: { size: 1 } }
      })
      const first = yield* Effect.fork(completions.complete(chat()))
      yield* Effect.promise(() => until(() => upstream.received.length === 1))
      const second = yield* Effect.fork(completions.complete(chat()))
      yield* Effect.yieldNow()
      assert.strictEqual((yield* Effect.flip(completions.complete(chat())))._tag, "Overloaded")
      yield* Fiber.interrupt(second)
      yield* Fiber.interrupt(first)
      assert.deepStrictEqual(
        records.map(({ Outcome }) => Outcome),
        ["Overloaded", "CallerLeft", "CallerLeft"]
      )
      assert.lengthOf(upstream.received, 1)
    }).pipe(quietly)
  )
})

describe("a gateway that stops", () => {
  it.scopedLive("lets calls end, and takes no new ones", () =>
    Effect.gen(function* () {
      const proceed = Caller.latch()
      const upstream = yield* begins(async ({ end, events }) => {
        await proceed.promise
        events(chunk({}, "stop"), "[DONE]")
        end()
      })
      const { completions, records, stop } = yield* LocalGateway.make(oneBackend(upstream.url))
      const running = yield* Effect.fork(drained(completions.stream(chat())))
      yield* Effect.promise(() => until(() => upstream.received.length === 1))
      const stopped = yield* Effect.fork(stop)
      yield* Effect.yieldNow()
      assert.strictEqual((yield* Effect.flip(completions.complete(chat())))._tag, "Draining")
      proceed.open()
      assert.strictEqual((yield* Fiber.join(running)).text, "Once")
      yield* Fiber.join(stopped)
      assert.deepStrictEqual(
        records.map(({ Outcome }) => Outcome),
        ["Draining", "Completed"]
      )
    }).pipe(quietly)
  )

  it.scopedLive("cuts at the deadline what is left, streamed or not", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make((call) => {
        if (call.received.body["stream"] === true) call.events(chunk({ content: "Once" }))
      })
      const { completions, records, stop } = yield* LocalGateway.make({
        ...oneBackend(upstream.url),
        server: { drain: "50ms" }
      })
      const whole = yield* Effect.fork(Effect.flip(completions.complete(chat())))
      const streamed = yield* Effect.fork(drained(completions.stream(chat())))
      yield* Effect.promise(() => until(() => upstream.received.length === 2))
      yield* stop
      assert.strictEqual((yield* Fiber.join(whole))._tag, "Draining")
      const { failure } = yield* Fiber.join(streamed)
      assert.include(["StreamFailure", "Draining"], failure?._tag)
      assert.deepStrictEqual(
        records.map(({ Outcome }) => Outcome),
        ["CutByDrain", "CutByDrain"]
      )
    }).pipe(quietly)
  )
})

describe("the record", () => {
  for (const stream of [false, true]) {
    it.scopedLive(`is the one of the same request over HTTP, ${stream ? "" : "not "}streamed`, () =>
      Effect.gen(function* () {
        const upstream = yield* ScriptedUpstream.make(answerWell("The very same"))
        const config = oneBackend(upstream.url)
        const local = yield* LocalGateway.make(config)
        const served = yield* TestGateway.make(config)
        yield* stream ? Stream.runDrain(local.completions.stream(chat())) : local.completions.complete(chat())
        yield* Effect.promise(async () => (await served.post("/v1/chat/completions", { ...chat(), stream })).text())
        const overHttp = yield* Effect.promise(() => served.record(0))
        assert.deepStrictEqual(local.records.map(lasting), [lasting(overHttp)])
      }).pipe(quietly)
    )
  }

  it.scopedLive("tells whose call it was, and no key", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make(answerWell("Yours"))
      const { completions, records } = yield* LocalGateway.make(oneBackend(upstream.url))
      const apiKey = Redacted.make("sk-of-the-caller")
      const options = {
        apiKey,
        headers: { "OpenAI-Beta": "assistants=v2", "X-Token": "t0ken" },
        ip: "192.0.2.7",
        id: "own-1"
      }
      yield* completions.complete(chat(), options)
      yield* completions.complete(chat())
      assert.strictEqual(upstream.received[0]?.headers.authorization, "Bearer sk-of-the-caller")
      assert.strictEqual(upstream.received[0]?.headers["openai-beta"], "assistants=v2")
      assert.isUndefined(upstream.received[0]?.headers["x-token"])
      assert.isUndefined(upstream.received[1]?.headers.authorization)
      const [first, second] = records
      assert.deepStrictEqual([first?.id, first?.IP], ["own-1", "192.0.2.7"])
      assert.match(first?.Caller ?? "", /^[0-9a-f]{12}$/)
      assert.match(second?.id ?? "", /^req_/)
      assert.deepStrictEqual([second?.IP, second?.Caller], ["", null])
      const stored = JSON.stringify(records)
      assert.notInclude(stored, "sk-of-the-caller")
      assert.notInclude(stored, "t0ken")
    }).pipe(quietly)
  )
})
