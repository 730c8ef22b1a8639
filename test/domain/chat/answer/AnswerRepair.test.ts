import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as AnswerRepair from "../../../../src/domain/chat/answer/AnswerRepair.js"
import type { ErrorBody } from "../../../../src/domain/failure/ErrorBody.js"
import * as JsonObject from "../../../../src/domain/json/JsonObject.js"
import {
  anyAnswer,
  anyMessyAnswer,
  assemble,
  chunk,
  delta,
  holds,
  options,
  repair,
  repairWhole
} from "../../generators.js"

const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 }
const hello = delta({ role: "assistant", content: "hello" })
const stop = delta({}, "stop")
const usageChunk = chunk([], { usage })

const finished = AnswerRepair.StreamEnd.Finished()
const truncated = (end: AnswerRepair.StreamEnd | undefined) => end?._tag === "Truncated"

const choicesOf = (chunks: ReadonlyArray<JsonObject.JsonObject>) =>
  chunks.flatMap((each) => JsonObject.listOf(each["choices"]).map(JsonObject.orEmpty))

/** Fails where chunks break the contract (docs/wire.md §0.2 to §0.7). */
const assertContract = (chunks: ReadonlyArray<JsonObject.JsonObject>) => {
  const [first] = chunks
  const finishes = new Map<unknown, number>()
  const started: Array<unknown> = []
  const calls = new Map<unknown, number>()
  chunks.forEach((each, position) => {
    for (const key of ["id", "object", "created", "model"]) assert.strictEqual(each[key], first?.[key], key)
    assert.notProperty(each, "error")
    assert.isTrue(Array.isArray(each["choices"]))
    if ("usage" in each) assert.strictEqual(position, chunks.length - 1, "usage comes last")
    if ("usage" in each) assert.deepStrictEqual(each["choices"], [])
  })
  for (const choice of choicesOf(chunks)) {
    const { delta, finish_reason, index } = choice
    assert.isTrue(JsonObject.is(delta))
    const fields = JsonObject.orEmpty(delta)
    if (started.includes(index)) assert.notProperty(fields, "role")
    else {
      assert.strictEqual(fields["role"], "assistant")
      assert.strictEqual(index, started.length, "choices start in order")
      started.push(index)
    }
    if (finish_reason !== null) finishes.set(index, (finishes.get(index) ?? 0) + 1)
    for (const call of JsonObject.listOf(fields["tool_calls"]).map(JsonObject.orEmpty)) {
      const open = calls.get(index) ?? 0
      if (call["index"] === open) {
        assert.hasAllKeys(call, ["index", "id", "type", "function"])
        calls.set(index, open + 1)
      } else {
        assert.isBelow(Number(call["index"]), open)
        assert.hasAllKeys(call, ["index", "function"])
        assert.hasAllKeys(call["function"], ["arguments"])
      }
      assert.isString(JsonObject.orEmpty(call["function"])["arguments"])
    }
  }
  assert.deepStrictEqual(
    [...finishes.values()],
    started.map(() => 1),
    "one finish per choice"
  )
}

describe("AnswerRepair", () => {
  it("leaves a good stream as it is", () => {
    const stream = [hello, delta({ content: " you" }), stop, usageChunk]
    assert.deepStrictEqual(repair([...stream, "[DONE]"]), { chunks: stream, end: finished, usage })
  })

  describe("the envelope", () => {
    const envelopes = (events: ReadonlyArray<JsonObject.JsonObject>) =>
      repair(events).chunks.map(({ id, object, created, model }) => ({ id, object, created, model }))
    const own = { object: "chat.completion.chunk" }

    it("is the first chunk's throughout", () => {
      const others = { id: "other", created: 5, model: "other", object: "x" }
      const expected = { ...own, id: "up", created: 7, model: "up-m" }
      assert.deepStrictEqual(
        envelopes([
          { ...hello, id: "up", created: 7, model: "up-m" },
          { ...stop, ...others },
          { ...usageChunk, ...others }
        ]),
        [expected, expected, expected]
      )
    })

    it("is ours where the backend has none", () => {
      const blanks = [
        { id: "", created: 0, model: "", object: "" },
        { id: null, created: null, model: null, object: null },
        { id: 5, created: "1700000000", model: 5 }
      ]
      for (const blank of blanks) {
        const expected = { ...own, id: "id-1", created: 1_700_000_000, model: "m" }
        assert.deepStrictEqual(envelopes([{ ...hello, ...blank }, stop]), [expected, expected])
      }
      assert.strictEqual(envelopes([{ ...hello, created: 7.9 }])[0]?.created, 7)
    })
  })

  it("drops chunks with nothing in them and carries what they say of the answer to the next (Azure)", () => {
    const azure = {
      id: "",
      object: "",
      created: 0,
      model: "",
      choices: [],
      prompt_filter_results: [{ prompt_index: 0 }]
    }
    assert.deepStrictEqual(repair([azure, hello, stop, "[DONE]"], { includeUsage: false }).chunks, [
      { ...hello, prompt_filter_results: [{ prompt_index: 0 }] },
      stop
    ])
  })

  it("drops contentless frames, pings and chunks without choices", () => {
    const nothings = ["", " ", chunk([]), { ...hello, choices: null }, { id: "x" }, delta({}), delta({ content: "" })]
    assert.deepStrictEqual(repair([hello, ...nothings, stop]).chunks, [hello, stop])
    const stream = AnswerRepair.make(options())
    assert.deepStrictEqual(stream.push({ event: "ping", data: '{"type":"ping"}' }).chunks, [])
    assert.strictEqual(stream.skipped(), 0)
  })

  it("takes `error: null` and other empty errors off good chunks", () => {
    for (const error of [null, "", {}, false]) {
      assert.deepStrictEqual(
        repair([
          { ...hello, error },
          { ...stop, error }
        ]).chunks,
        [hello, stop]
      )
    }
  })

  it("passes other fields of a chunk on, padding too", () => {
    const extra = { system_fingerprint: "fp", service_tier: null, obfuscation: "xyz", citations: ["u"] }
    assert.deepStrictEqual(repair([{ ...hello, ...extra }, stop]).chunks[0], { ...hello, ...extra })
  })

  it("starts the choices in order, with nothing said yet in those before", () => {
    const late = { index: 1, delta: { content: "b" }, finish_reason: null }
    const { chunks, end } = repair([
      chunk([late]),
      hello,
      stop,
      chunk([{ index: 1, delta: {}, finish_reason: "stop" }])
    ])
    assertContract(chunks)
    assert.deepStrictEqual(end, finished)
    assert.deepStrictEqual(choicesOf(chunks)[0], { index: 0, delta: { role: "assistant" }, finish_reason: null })
    assert.deepStrictEqual(choicesOf(chunks)[1], { ...late, delta: { role: "assistant", content: "b" } })
  })

  it("takes choices without a number in their order", () => {
    const at = (...indexes: ReadonlyArray<unknown>) =>
      chunk(indexes.map((index) => ({ index, delta: { content: "x" }, finish_reason: null })))
    const indexes = (...events: ReadonlyArray<JsonObject.JsonObject>) =>
      choicesOf(repair(events).chunks).map(({ index }) => index)
    assert.deepStrictEqual(indexes(hello, at(undefined), at(null), at(-1), at("0"), stop), [0, 0, 0, 0, 0, 0])
    assert.deepStrictEqual(indexes(at(undefined, undefined), at("1")), [0, 1, 1])
    assert.deepStrictEqual(
      choicesOf(repair([{ ...hello, choices: [null, { delta: { content: "a" } }] }]).chunks).map(({ index }) => index),
      [0]
    )
  })

  it("has as many choices as there are, and none with a number beyond reason", () => {
    const list = Array.from({ length: 200 }, (_, index) => ({ index, delta: { content: "x" }, finish_reason: "stop" }))
    const { chunks, end } = repair([chunk(list)])
    assert.strictEqual(choicesOf(chunks).filter(({ finish_reason: finish }) => finish === "stop").length, 200)
    assert.deepStrictEqual(end, finished)
    const far = repair([hello, chunk([{ index: 1e9, delta: { content: "x" } }]), stop])
    assert.deepStrictEqual(far.chunks, [hello])
    assert.isTrue(truncated(far.end))
  })

  it("breaks off where a piece of the answer cannot be read", () => {
    for (const data of ["{", '{"choices":[{"delta":{"content":"not "}}', `{"x":${"[".repeat(600)}`, "[1", '{"a":1}}']) {
      const { chunks, end } = repair([hello, data, delta({ content: "delete" }), stop, "[DONE]"])
      assert.deepStrictEqual(chunks, [hello], data)
      assert.isTrue(truncated(end), data)
    }
  })

  it("reads what Python writes for probabilities that are none", () => {
    const logprobs = { content: [{ token: "a", logprob: Number.NaN, bytes: null, top_logprobs: [] }] }
    const data = JSON.stringify(chunk([{ index: 0, delta: { content: "a" }, logprobs }]))
    for (const word of ["NaN", "-Infinity", "Infinity"]) {
      const [choice] = choicesOf(repair([data.replace('"logprob":null', `"logprob":${word}`)]).chunks)
      assert.deepStrictEqual(JsonObject.orEmpty(choice?.["logprobs"])["content"], [
        { ...logprobs.content[0], logprob: null }
      ])
    }
  })

  it("breaks off with what a choice says of it, after what it has said", () => {
    for (const reason of [
      "network_error",
      "ERROR",
      "insufficient_system_resource",
      "abort",
      "MALFORMED_FUNCTION_CALL"
    ]) {
      const { chunks, end } = repair([hello, delta({ content: "x" }, reason), stop])
      assert.deepStrictEqual(chunks, [hello, delta({ content: "x" })])
      assert.isTrue(end?._tag === "Errored" && end.error.code === reason && end.error.message.includes(reason))
    }
    const error = { code: 429, message: "slow down" }
    const { end } = repair([hello, chunk([{ index: 0, delta: {}, error, finish_reason: "stop" }])])
    assert.isTrue(end?._tag === "Errored" && end.status === 429 && end.error.message === "slow down")
  })

  it("counts the last finish, and sends it last", () => {
    const call = { index: 0, id: "a", type: "function", function: { name: "f", arguments: "[1]" } }
    const { chunks } = repair([hello, stop, delta({ tool_calls: [call] }), delta({}, "tool_calls")])
    assert.deepStrictEqual(chunks, [hello, delta({ tool_calls: [call] }), delta({}, "tool_calls")])
    const said = repair([delta({ role: "assistant", content: "a" }, "stop"), delta({ content: "b" }, "length")]).chunks
    assert.deepStrictEqual(said, [
      delta({ role: "assistant", content: "a" }),
      delta({ content: "b" }),
      delta({}, "length")
    ])
  })

  it("keeps a word for the finish that nobody knows", () => {
    const [last] = choicesOf(repair([hello, delta({}, "because")]).chunks).slice(-1)
    assert.deepStrictEqual(last, { index: 0, delta: {}, finish_reason: "stop", native_finish_reason: "because" })
  })

  it("does not take an event with a name of its own for a piece of the answer", () => {
    const stream = AnswerRepair.make(options())
    stream.push({ event: "agent.progress", data: '{"step":3,"object":"x"}' })
    const [chunk] = stream.push({ event: undefined, data: JSON.stringify(hello) }).chunks
    assert.deepStrictEqual(chunk?.value(), hello)
  })

  it("ends with [DONE], whatever is said behind it, and reads what a ping says of the answer", () => {
    for (const done of ["[DONE]", "[DONE] bye", "[done]"]) {
      assert.deepStrictEqual(repair([hello, stop, done, "text"]).end, finished, done)
    }
    const stream = AnswerRepair.make(options())
    assert.lengthOf(stream.push({ event: "ping", data: JSON.stringify(hello) }).chunks, 1)
    assert.lengthOf(stream.push({ event: "ping", data: "{not JSON" }).chunks, 0)
  })

  it("has a fingerprint that is a text, or none", () => {
    assert.deepStrictEqual(repair([{ ...hello, system_fingerprint: null }]).chunks, [hello])
    const signed = { ...hello, system_fingerprint: "fp" }
    assert.deepStrictEqual(repair([signed]).chunks, [signed])
  })

  it("has a tier that clients know, and any other under a name of its own", () => {
    for (const tier of [null, "auto", "default", "flex", "scale", "priority", "fast"]) {
      const tiered = { ...hello, service_tier: tier }
      assert.deepStrictEqual(repair([tiered]).chunks, [tiered])
    }
    for (const tier of ["on_demand", "Default", "standard"]) {
      assert.deepStrictEqual(repair([{ ...hello, service_tier: tier }]).chunks, [
        { ...hello, native_service_tier: tier }
      ])
    }
    for (const tier of ["", 1, {}]) assert.deepStrictEqual(repair([{ ...hello, service_tier: tier }]).chunks, [hello])
    const both = { ...hello, service_tier: "on_demand", native_service_tier: "mine", system_fingerprint: null }
    assert.deepStrictEqual(repair([both]).chunks, [{ ...hello, native_service_tier: "mine" }])
  })

  it("puts the prefix before the first content of each choice", () => {
    const both = chunk([0, 1].map((index) => ({ index, delta: { content: "a" }, finish_reason: "stop" })))
    const contents = choicesOf(repair([both], { prefix: "P" }).chunks).map(
      (choice) => JsonObject.orEmpty(choice["delta"])["content"]
    )
    assert.deepStrictEqual(contents.slice(0, 2), ["P\na", "P\na"])
  })

  describe("usage", () => {
    const last = (events: ReadonlyArray<JsonObject.JsonObject>) => repair(events).chunks.at(-1)

    it("is swallowed where the caller did not ask for it, but known", () => {
      assert.deepStrictEqual(repair([hello, { ...stop, usage }, usageChunk, "[DONE]"], { includeUsage: false }), {
        chunks: [hello, stop],
        end: finished,
        usage
      })
    })

    it("is passed on with the choices that it came with, where the caller did not ask", () => {
      const told = { ...delta({ content: " you" }), usage }
      const unasked = { includeUsage: false, passUsage: true }
      assert.deepStrictEqual(repair([hello, told, { ...stop, usage }, usageChunk, "[DONE]"], unasked).chunks, [
        hello,
        told,
        { ...stop, usage }
      ])
      const continuous = { includeUsage: true, passUsage: true }
      assert.deepStrictEqual(repair([hello, told, stop, usageChunk], continuous).chunks, [
        hello,
        told,
        stop,
        usageChunk
      ])
    })

    it("comes once and last where the caller asked, wherever the backend sends it", () => {
      const stream = [hello, stop, usageChunk]
      assert.deepStrictEqual(repair([hello, { ...stop, usage }]).chunks, stream)
      assert.deepStrictEqual(
        repair([
          { ...hello, usage },
          { ...stop, usage: null }
        ]).chunks,
        stream
      )
      assert.deepStrictEqual(repair([hello, usageChunk, stop, chunk([])]).chunks, stream)
      assert.deepStrictEqual(repair([hello, usageChunk, stop, usageChunk]).chunks, stream)
    })

    it("is the last that is not null, never a sum (vLLM, Perplexity)", () => {
      const later = { prompt_tokens: 1, completion_tokens: 9, total_tokens: 10, vendor: 1 }
      assert.deepStrictEqual(
        last([{ ...hello, usage }, { ...stop, usage: later }, chunk([], { usage: null })]),
        chunk([], { usage: later })
      )
    })

    it("is found where Groq and Moonshot hide it, and taken off the choice", () => {
      assert.deepStrictEqual(last([hello, { ...stop, x_groq: { id: "r", usage } }]), usageChunk)
      const { chunks } = repair([hello, chunk([{ index: 0, delta: {}, finish_reason: "stop", usage }])])
      assert.deepStrictEqual(chunks, [hello, stop, usageChunk])
    })

    it("has all its counts", () => {
      assert.deepStrictEqual(last([hello, { ...stop, usage: { prompt_tokens: 1, completion_tokens: 2 } }]), usageChunk)
    })

    it("is not made up", () => {
      assert.deepStrictEqual(repair([hello, stop]).chunks, [hello, stop])
    })
  })

  describe("the end", () => {
    it("needs a finish of every choice, but no [DONE]", () => {
      assert.deepStrictEqual(repair([hello, stop]).end, finished)
      assert.deepStrictEqual(repair([hello, stop, " [DONE] "]).end, finished)
    })

    it("without a finish is a truncation, [DONE] or not", () => {
      assert.isTrue(truncated(repair([hello]).end))
      assert.isTrue(truncated(repair([hello, "[DONE]"]).end))
      assert.isTrue(truncated(repair([hello, delta({}, "")]).end))
      assert.isTrue(truncated(repair([]).end))
      assert.isTrue(truncated(repair(["[DONE]"]).end))
      assert.isTrue(truncated(repair([usageChunk, "[DONE]"]).end))
    })

    it("with one of two choices unfinished is a truncation, and no usage is sent", () => {
      const second = chunk([{ index: 1, delta: { content: "b" }, finish_reason: null }])
      const { chunks, end } = repair([hello, second, stop, usageChunk])
      assert.isTrue(truncated(end))
      assert.isFalse(chunks.some((each) => "usage" in each))
    })

    it("at [DONE] a choice that has not finished stops where another has", () => {
      const second = chunk([{ index: 1, delta: { content: "b" }, finish_reason: null }])
      const { chunks, end } = repair([hello, second, delta({}, "length"), usageChunk, "[DONE]"])
      assert.deepStrictEqual(end, finished)
      assertContract(chunks)
      const finishes = choicesOf(chunks).flatMap(({ finish_reason, index }) =>
        finish_reason === null ? [] : [[index, finish_reason]]
      )
      assert.deepStrictEqual(finishes, [
        [0, "length"],
        [1, "stop"]
      ])
    })

    describe("that is held back for long enough", () => {
      const push = (stream: AnswerRepair.AnswerRepair, ...datas: ReadonlyArray<JsonObject.JsonObject | "[DONE]">) =>
        datas.flatMap((data) =>
          stream
            .push({ event: undefined, data: data === "[DONE]" ? data : JSON.stringify(data) })
            .chunks.map((each) => each.value())
        )
      const released = (stream: AnswerRepair.AnswerRepair) => stream.release().map((each) => each.value())
      const finishes = (chunks: ReadonlyArray<JsonObject.JsonObject>) =>
        choicesOf(chunks).filter((choice) => choice["finish_reason"] !== null)

      it("is given once, with what goes with it, and the usage and the end after it", () => {
        const stream = AnswerRepair.make(options({ includeUsage: true }))
        const first = push(stream, hello)
        assert.isFalse(stream.holdsFinish())
        assert.deepStrictEqual(push(stream, stop), [])
        assert.isTrue(stream.holdsFinish())
        const last = released(stream)
        assert.lengthOf(finishes(last), 1)
        assert.isFalse(stream.holdsFinish())
        assert.deepStrictEqual(released(stream), [])
        const rest = push(stream, usageChunk, "[DONE]")
        assert.lengthOf(finishes(rest), 0)
        assert.deepInclude(rest.at(-1), { choices: [], usage })
        assertContract([...first, ...last, ...rest])
      })

      it("of one of several is given while the others go on", () => {
        const stream = AnswerRepair.make(options())
        const second = (finish_reason: string | null) => chunk([{ index: 1, delta: { content: "b" }, finish_reason }])
        push(stream, hello, second(null), stop)
        assert.deepStrictEqual(
          finishes(released(stream)).map(({ index }) => index),
          [0]
        )
        push(stream, second(null), chunk([{ index: 1, delta: {}, finish_reason: "stop" }]))
        assert.deepStrictEqual(
          finishes(push(stream, "[DONE]")).map(({ index }) => index),
          [1]
        )
      })

      it("is not there where something of the answer came after it", () => {
        const stream = AnswerRepair.make(options())
        push(stream, hello, stop, delta({ content: "more" }))
        assert.isFalse(stream.holdsFinish())
        assert.deepStrictEqual(released(stream), [])
      })

      it("lets what comes still later go out as it comes, without another finish", () => {
        const stream = AnswerRepair.make(options())
        push(stream, hello, stop)
        released(stream)
        const late = push(
          stream,
          delta({ content: "late" }),
          chunk([{ index: 0, delta: {}, finish_reason: "stop", x: 1 }])
        )
        assert.deepStrictEqual(
          choicesOf(late).map(({ delta, finish_reason, x }) => [delta, finish_reason, x]),
          [
            [{ content: "late" }, null, undefined],
            [{}, null, 1]
          ]
        )
        assert.lengthOf(finishes(push(stream, "[DONE]")), 0)
      })
    })

    it("is beyond doubt once every choice has finished and says nothing more, though usage may still come", () => {
      const stream = AnswerRepair.make(options())
      const finishedAfter = (data: JsonObject.JsonObject) => {
        stream.push({ event: undefined, data: JSON.stringify(data) })
        return stream.isSettled()
      }
      assert.isFalse(stream.isSettled())
      const second = (finish_reason: string | null) => chunk([{ index: 1, delta: { content: "b" }, finish_reason }])
      assert.deepStrictEqual([hello, second(null), stop, second("stop"), usageChunk].map(finishedAfter), [
        false,
        false,
        false,
        true,
        true
      ])
    })

    it("is told once; nothing counts after it", () => {
      const stream = AnswerRepair.make(options())
      stream.push({ event: undefined, data: JSON.stringify(hello) })
      stream.push({ event: undefined, data: JSON.stringify(stop) })
      assert.deepStrictEqual(stream.push({ event: undefined, data: "[DONE]" }).end, finished)
      const nothing = { chunks: [], end: undefined }
      for (const data of [JSON.stringify(hello), "[DONE]", '{"error":{"message":"x"}}', JSON.stringify(usageChunk)]) {
        assert.deepStrictEqual(stream.push({ event: undefined, data }), nothing)
      }
      assert.deepStrictEqual(stream.push({ event: "error", data: "x" }), nothing)
      assert.deepStrictEqual(stream.end(), nothing)
      assert.isUndefined(stream.usage())
    })

    it("of a spoken answer is a stop, which OpenAI does not say", () => {
      const { chunks, end } = repair([
        delta({ role: "assistant", audio: { id: "a", data: "AA" } }),
        delta({ audio: { expires_at: 5 } }),
        "[DONE]"
      ])
      assert.deepStrictEqual(end, finished)
      assert.deepStrictEqual(chunks.at(-1), stop)
    })
  })

  describe("an error", () => {
    const failure = (...events: ReadonlyArray<JsonObject.JsonObject | string>) => {
      const { chunks, end } = repair([hello, ...events, stop, "[DONE]"])
      assert.deepStrictEqual(chunks, [hello], "nothing follows an error")
      return end
    }
    const errored = (status: number, message: string, over: Partial<ErrorBody> = {}) =>
      AnswerRepair.StreamEnd.Errored({
        status,
        error: { message, type: "api_error", param: null, code: null, ...over }
      })

    it("ends the stream, with the status that the backend says", () => {
      assert.deepStrictEqual(
        failure({ error: { message: "boom", type: "t", code: null } }),
        errored(502, "boom", { type: "t" })
      )
      for (const where of [{ code: 503 }, { status: 503, code: "x" }, { status_code: 503 }, { code: "503" }]) {
        const end = failure({ error: { message: "boom", ...where } })
        assert.strictEqual(end?._tag === "Errored" && end.status, 503, JSON.stringify(where))
      }
    })

    it("that says we were too fast is a 429", () => {
      for (const error of [
        { type: "rate_limit_error" },
        { code: "rate_limit_exceeded" },
        { code: "RESOURCE_EXHAUSTED" }
      ]) {
        const end = failure({ error: { message: "slow", ...error } })
        assert.strictEqual(end?._tag === "Errored" && end.status, 429)
      }
    })

    it("may be a string, come beside a finish, or be a finish itself (OpenRouter)", () => {
      assert.deepStrictEqual(failure({ error: "boom" }), errored(502, "boom"))
      assert.deepStrictEqual(
        failure({ ...delta({ content: "" }, "error"), error: { message: "boom", code: 502 } }),
        errored(502, "boom", { code: "502" })
      )
      assert.strictEqual(failure(delta({}, "error"))?._tag, "Errored")
    })

    it("may be an event of that name, in JSON or not (llama.cpp)", () => {
      const end = (data: string) => AnswerRepair.make(options()).push({ event: "error", data }).end
      assert.deepStrictEqual(
        end('{"code":500,"message":"boom","type":"server_error"}'),
        errored(500, "boom", { type: "server_error", code: "500" })
      )
      assert.deepStrictEqual(end('{"error":{"code":500,"message":"boom"}}'), errored(500, "boom", { code: "500" }))
      assert.deepStrictEqual(end("boom"), errored(502, "boom"))
    })

    it("may be flat (older vLLM)", () => {
      const end = failure({ object: "error", message: "boom", type: "BadRequestError", param: null, code: 400 })
      assert.deepStrictEqual(end, errored(400, "boom", { type: "BadRequestError", code: "400" }))
    })
  })

  it("skips and counts events that are no JSON objects", () => {
    const stream = AnswerRepair.make(options())
    for (const data of ["5", "null", "text", '"text"', "<p>"]) {
      assert.deepStrictEqual(stream.push({ event: undefined, data }).chunks, [])
    }
    assert.strictEqual(stream.skipped(), 5)
  })

  it("says when it is time to commit", () => {
    const content = (data: JsonObject.JsonObject) =>
      AnswerRepair.make(options())
        .push({ event: undefined, data: JSON.stringify(data) })
        .chunks.some((chunk) => chunk.content)
    for (const preliminary of [delta({ role: "assistant", content: "" }), chunk([]), usageChunk, stop])
      assert.isFalse(content(preliminary))
    for (const answer of [hello, delta({ reasoning_content: "r" })]) assert.isTrue(content(answer))
  })

  it("for any answer: what comes out is true to the contract", () =>
    holds(anyAnswer, ({ chunks }) => {
      const repaired = repair([...chunks, "[DONE]"])
      assert.deepStrictEqual(repaired.end, finished)
      assertContract(repaired.chunks)
    }))

  it("for any answer, sent as sloppily as backends do: what comes out is true to the contract and says the same", () =>
    holds(anyMessyAnswer, ({ body, chunks }) => {
      const repaired = repair(chunks)
      assert.deepStrictEqual(repaired.end, finished)
      assertContract(repaired.chunks)
      assert.deepStrictEqual(assemble(repaired), body)
    }))

  it("for any answer: repairing the repaired changes nothing", () =>
    holds(fc.oneof(anyAnswer, anyMessyAnswer), ({ chunks }) => {
      const once = repair(chunks)
      assert.deepStrictEqual(repair(once.chunks), once)
    }))

  describe("with a whole JSON body", () => {
    const message = { role: "assistant", content: "hello" }
    const body = { ...chunk([{ index: 0, message, finish_reason: "stop" }]), object: "chat.completion" }

    it("says the same as a stream", () => {
      assert.deepStrictEqual(repairWhole({ ...body, usage }), {
        chunks: [delta(message), stop, usageChunk],
        end: finished,
        usage
      })
      assert.deepStrictEqual(repairWhole({ ...body, usage }, { includeUsage: false }).chunks, [delta(message), stop])
    })

    it("is complete whatever it says of the reason", () => {
      for (const finish_reason of [null, "", undefined]) {
        const { chunks, end } = repairWhole({ ...body, choices: [{ index: 0, message, finish_reason }] })
        assert.deepStrictEqual(end, finished)
        assert.deepStrictEqual(chunks, [delta(message), stop])
      }
    })

    it("finishes with tool_calls where it holds some", () => {
      const call = { id: "a", type: "function", function: { name: "f", arguments: { x: 1 } } }
      const { chunks } = repairWhole({
        ...body,
        choices: [{ index: 0, message: { content: null, tool_calls: [call] }, finish_reason: "stop" }]
      })
      const repaired = { ...call, index: 0, function: { name: "f", arguments: '{"x":1}' } }
      assert.deepStrictEqual(chunks, [
        delta({ role: "assistant", content: null, tool_calls: [repaired] }),
        delta({}, "tool_calls")
      ])
    })

    it("may be an error in spite of its status (OpenRouter, LM Studio)", () => {
      const { end } = repairWhole({ error: { code: 429, message: "slow" } })
      assert.strictEqual(end?._tag === "Errored" && end.status, 429)
      const unknown = repairWhole({ error: "Unexpected endpoint or method" }).end
      assert.strictEqual(unknown?._tag === "Errored" && unknown.error.message, "Unexpected endpoint or method")
    })

    it("without choices is a backend without room (Nvidia)", () => {
      for (const wrong of [{ ...body, choices: null }, { ...body, choices: undefined }, { ...body, choices: [] }, {}]) {
        const { chunks, end } = repairWhole(wrong)
        assert.deepStrictEqual(chunks, [])
        assert.strictEqual(end?._tag === "Errored" && end.status, 503)
      }
    })

    it("gives a function that was called without arguments an empty object", () => {
      const silent = { id: "a", type: "function", function: { name: "f", arguments: "" } }
      const custom = { id: "b", type: "custom", custom: { name: "g", input: "" } }
      const message = { role: "assistant", content: null, tool_calls: [silent, custom] }
      const whole = { ...body, choices: [{ index: 0, message, finish_reason: "tool_calls" }] }
      const [choice] = JsonObject.listOf(assemble(repairWhole(whole))?.["choices"]).map(JsonObject.orEmpty)
      assert.deepStrictEqual(JsonObject.orEmpty(choice?.["message"])["tool_calls"], [
        { ...silent, function: { name: "f", arguments: "{}" } },
        custom
      ])
    })

    it("for any answer: what comes out is true to the contract", () =>
      holds(anyAnswer, ({ body }) => {
        const { chunks, end } = repairWhole(body)
        assert.deepStrictEqual(end, finished)
        assertContract(chunks)
      }))
  })

  describe("does not leave out what it cannot read", () => {
    const piece = (choices: unknown) => ({ ...hello, choices })
    const fields = { index: 0, delta: { content: "x" } }

    it("and reads choices in other wrappings", () => {
      for (const choices of [
        fields,
        { 0: fields },
        [{ index: 0, delta: "x" }],
        [{ index: 0, delta: [{ content: "x" }] }]
      ]) {
        assert.deepStrictEqual(repair([hello, piece(choices), stop]).chunks, [hello, delta({ content: "x" }), stop])
      }
      for (const message of ["x", [{ role: "assistant", content: "x" }]]) {
        const whole = repairWhole({ ...hello, choices: [{ index: 0, message, finish_reason: "stop" }] })
        assert.deepStrictEqual(whole.chunks, [delta({ role: "assistant", content: "x" }), stop])
      }
    })

    it("but breaks off", () => {
      for (const event of [
        piece(["not "]),
        piece("not "),
        piece([{ index: 0, delta: [{ content: "no" }, { content: "t " }] }]),
        piece([{ index: 0, delta: 5 }]),
        '["not "]',
        'data: {"choices":[{"delta":{"content":"not "}}]}',
        '"choices":[{"index":0,"delta":{"content":"not "}}]}',
        String.raw`"{\"choices\":[{\"delta\":{}}]}"`,
        "b'{\"a\":1}'"
      ]) {
        const { chunks, end } = repair([hello, event, stop])
        assert.deepStrictEqual(chunks, [hello], JSON.stringify(event))
        assert.isTrue(truncated(end), JSON.stringify(event))
      }
    })
  })

  describe("numbers of choices", () => {
    const both = [0, 0].map((index) => ({ index, message: { content: "ab"[index] }, finish_reason: "stop" }))

    it("of a whole answer count only where they are 0 to n-1", () => {
      for (const numbers of [
        [0, 0],
        [1, 2],
        [undefined, undefined],
        ["0", "1"]
      ]) {
        const choices = both.map((choice, n) => ({ ...choice, index: numbers[n], message: { content: "ab"[n] } }))
        const list = JsonObject.listOf(assemble(repairWhole({ ...hello, choices }))?.["choices"]).map(
          JsonObject.orEmpty
        )
        assert.deepStrictEqual(
          list.map(({ index, message }) => [index, JsonObject.orEmpty(message)["content"]]),
          [
            [0, "a"],
            [1, "b"]
          ]
        )
      }
    })

    it("may begin with 1: nothing is waited for that never begins", () => {
      const at1 = (fields: object, finish: string | null = null) =>
        chunk([{ index: 1, delta: fields, finish_reason: finish }])
      const { chunks, end } = repair([at1({ content: "hello" }), at1({}, "length")], { isOnly: true })
      assert.deepStrictEqual(end, finished)
      assert.deepStrictEqual(
        choicesOf(chunks).map(({ delta: said, finish_reason: reason, index }) => [
          index,
          JsonObject.orEmpty(said)["content"],
          reason
        ]),
        [
          [0, undefined, null],
          [1, "hello", null],
          [0, undefined, "stop"],
          [1, undefined, "length"]
        ]
      )
    })
  })

  it("is not settled by a finish that was said with every piece", () => {
    const stream = AnswerRepair.make(options())
    const settledAfter = (data: JsonObject.JsonObject) => {
      stream.push({ event: undefined, data: JSON.stringify(data) })
      return stream.isSettled()
    }
    assert.isTrue(settledAfter(delta({ content: "do not " }, "stop")))
    assert.isFalse(settledAfter(delta({ content: "del" }, "stop")))
    assert.isTrue(settledAfter(stop))
  })

  describe("of a legacy completion", () => {
    const legacy = (choices: ReadonlyArray<unknown>, over: JsonObject.JsonObject = {}) =>
      chunk(choices, { object: "text_completion", ...over })
    const text = (text: string, finish_reason: string | null = null, index = 0) => ({
      index,
      text,
      logprobs: null,
      finish_reason
    })

    it("leaves a good stream as it is", () => {
      const stream = [legacy([text("a")]), legacy([text("b")]), legacy([text("", "stop")]), legacy([], { usage })]
      assert.deepStrictEqual(repair([...stream, "[DONE]"], { operation: "text" }), {
        chunks: stream,
        end: finished,
        usage
      })
    })

    it("repairs finish, object, usage and prefix alike", () => {
      const sloppy = [
        { choices: [{ index: 0, text: "a", finish_reason: "" }], usage },
        { choices: [{ index: 0, text: "", finish_reason: "eos" }] }
      ]
      assert.deepStrictEqual(repair(sloppy, { operation: "text", prefix: "P" }).chunks, [
        legacy([text("P\na")]),
        legacy([text("", "stop")]),
        legacy([], { usage })
      ])
    })

    it("is truncated without a finish", () => {
      assert.isTrue(truncated(repair([legacy([text("a")]), "[DONE]"], { operation: "text" }).end))
      assert.isTrue(
        truncated(repair([legacy([text("a", null, 1)]), legacy([text("b", "stop")])], { operation: "text" }).end)
      )
    })

    it("takes a whole body", () => {
      const body = legacy([text("a", "length"), text("b", "stop", 1)])
      assert.deepStrictEqual(repairWhole({ ...body, usage }, { operation: "text", includeUsage: false }).chunks, [
        legacy([text("a"), text("b", null, 1)]),
        legacy([text("", "length")]),
        legacy([text("", "stop", 1)])
      ])
    })
  })
})
