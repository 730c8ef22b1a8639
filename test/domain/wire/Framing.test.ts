import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as JsonObject from "../../../src/domain/json/JsonObject.js"
import * as SseEvents from "../../../src/domain/wire/SseEvents.js"
import * as Pipeline from "../../support/Pipeline.js"
import * as WireContract from "../../support/WireContract.js"
import { anyAnswer, anyMessyAnswer, chunk, holds, options } from "../generators.js"

const asked = { operation: "chat", includeUsage: true } as const

const bytesOf = (text: string) => new TextEncoder().encode(text)

const pass = (...pieces: ReadonlyArray<Uint8Array>) => Pipeline.stream(pieces, options())

/** A stream as the contract writes it. */
const plain = (chunks: ReadonlyArray<JsonObject.JsonObject>) => chunks.map(SseEvents.frame).join("") + SseEvents.done

const jsonOf = (text: string): ReadonlyArray<unknown> =>
  text
    .split("\n\n")
    .slice(0, -2)
    .map((event): unknown => JSON.parse(event.replace("data: ", "")))

// Framings

/** One of the ways in which a server may write an event. */
interface EventStyle {
  readonly before: string
  readonly name: string
  readonly space: " " | ""
  readonly indent: number
  readonly after: string
}

const eventStyle: fc.Arbitrary<EventStyle> = fc.record({
  before: fc.constantFrom("", ": keep-alive\n", ": OPENROUTER PROCESSING\n\n", ":\n", "\n", "retry: 5\n", "data:\n\n"),
  name: fc.constantFrom("", "", "event: message\n", "id: 7\n", "event: chunk\nid: 8\n", "vendor: x\n"),
  space: fc.constantFrom(" ", ""),
  indent: fc.constantFrom(0, 0, 0, 1, 2),
  after: fc.constantFrom("", "", "\n", ": ping\n", "event: ping\ndata: {}\n\n")
})

/** One of the ways in which a server may write a stream. */
interface Framing {
  readonly bom: boolean
  readonly styles: ReadonlyArray<EventStyle>
  readonly lineEnds: ReadonlyArray<string>
  readonly done: "data: [DONE]\n\n" | "data:[DONE] \n\n" | ""
  /** How many of the last line ends are missing. */
  readonly unclosed: 0 | 1 | 2
  readonly cuts: ReadonlyArray<number>
}

const framing: fc.Arbitrary<Framing> = fc.record({
  bom: fc.boolean(),
  styles: fc.array(eventStyle, { minLength: 1, maxLength: 8 }),
  // A CR before an LF would be one line end.
  lineEnds: fc.oneof(
    fc.constantFrom(["\n"], ["\r\n"], ["\r"]),
    fc.array(fc.constantFrom("\n", "\r\n"), { minLength: 2, maxLength: 9 })
  ),
  done: fc.constantFrom("data: [DONE]\n\n", "data:[DONE] \n\n", ""),
  unclosed: fc.constantFrom(0, 1, 2),
  cuts: fc.oneof(fc.array(fc.nat(4000), { maxLength: 40 }), fc.constant(Array.from({ length: 6000 }, (_, n) => n)))
})

const frameAs = (data: JsonObject.JsonObject, { after, before, indent, name, space }: EventStyle): string => {
  const lines = JSON.stringify(data, null, indent).split("\n")
  return `${before}${name}${lines.map((line) => `data:${space}${line}\n`).join("")}\n${after}`
}

const write = (chunks: ReadonlyArray<JsonObject.JsonObject>, how: Framing): ReadonlyArray<Uint8Array> => {
  const events = chunks.map((data, n) => {
    const style = how.styles[n % how.styles.length]
    return style === undefined ? SseEvents.frame(data) : frameAs(data, style)
  })
  const text = events.join("") + how.done
  const open = text.slice(0, text.length - how.unclosed)
  let line = 0
  const ended = open.replaceAll("\n", () => how.lineEnds[line++ % how.lineEnds.length] ?? "\n")
  return cut(bytesOf((how.bom ? "\uFEFF" : "") + ended), how.cuts)
}

const cut = (bytes: Uint8Array, offsets: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const inside = offsets.filter((offset) => offset < bytes.length).sort((a, b) => a - b)
  const edges = [0, ...inside, bytes.length]
  return edges.slice(1).map((edge, n) => bytes.subarray(edges[n], edge))
}

// Streams with nothing to repair

const choiceOf = (data: JsonObject.JsonObject) => JsonObject.orEmpty(JsonObject.listOf(data["choices"])[0])

const opens = (data: JsonObject.JsonObject) => "role" in JsonObject.orEmpty(choiceOf(data)["delta"])

const saysNothing = (data: JsonObject.JsonObject) =>
  Object.values(JsonObject.orEmpty(choiceOf(data)["delta"])).some(
    (value) => value === "" || JsonObject.listOf(value).some(addsNothing)
  )

const addsNothing = (call: unknown) => {
  const { arguments: args, name } = JsonObject.orEmpty(JsonObject.orEmpty(call)["function"])
  return name === undefined && args === ""
}

const withoutNullUsage = ({ usage, ...rest }: JsonObject.JsonObject) =>
  JsonObject.is(usage) ? { ...rest, usage } : rest

const inOrder = (chunks: ReadonlyArray<JsonObject.JsonObject>) =>
  [...chunks].sort((a, b) => Number(choiceOf(a)["index"]) - Number(choiceOf(b)["index"]))

const finishes = (data: JsonObject.JsonObject) => typeof choiceOf(data)["finish_reason"] === "string"

const hasChoice = (data: JsonObject.JsonObject) => JsonObject.listOf(data["choices"]).length > 0

/** The chunks with what finishes a choice at their end. */
const finishedLast = (chunks: ReadonlyArray<JsonObject.JsonObject>) => [
  ...chunks.filter((data) => hasChoice(data) && !finishes(data)),
  ...inOrder(chunks.filter(finishes)),
  ...chunks.filter((data) => !hasChoice(data))
]

/** The answer as a backend that keeps the contract streams it: choices begin and end in order, and no delta is empty. */
const contractTrue = (chunks: ReadonlyArray<JsonObject.JsonObject>) => {
  const openings = inOrder(chunks.filter(opens))
  const rest = chunks.filter((data) => !opens(data) && !saysNothing(data))
  return finishedLast([...openings, ...rest]).map(withoutNullUsage)
}

const contractTrueLegacy = (chunks: ReadonlyArray<JsonObject.JsonObject>) =>
  finishedLast(chunks)
    .filter((data) => {
      const { finish_reason: finish, text } = choiceOf(data)
      return JsonObject.listOf(data["choices"]).length === 0 || text !== "" || finish !== null
    })
    .map(withoutNullUsage)

const legacyOf = (chunks: ReadonlyArray<JsonObject.JsonObject>) =>
  chunks.map((data) => {
    const { delta, finish_reason, index } = choiceOf(data)
    const { content } = JsonObject.orEmpty(delta)
    const reason = finish_reason === "tool_calls" ? "stop" : finish_reason
    const choice = { index, text: content ?? "", logprobs: null, finish_reason: reason }
    const choices = JsonObject.listOf(data["choices"]).length === 0 ? [] : [choice]
    return { ...data, object: "text_completion", choices }
  })

describe("a stream, however it is written", () => {
  it("for any answer and any framing: the caller gets the same bytes", () =>
    holds(fc.tuple(fc.oneof(anyAnswer, anyMessyAnswer), framing), ([{ chunks }, how]) => {
      const expected = pass(bytesOf(plain(chunks)))
      const { ends, text } = pass(...write(chunks, how))
      assert.strictEqual(text, expected.text)
      assert.deepStrictEqual(ends, expected.ends)
      assert.deepStrictEqual(WireContract.checkStream(asked, text), [])
    }))

  it("for any answer and any framing: it adds up to the answer", () =>
    holds(fc.tuple(fc.oneof(anyAnswer, anyMessyAnswer), framing), ([{ body, chunks }, how]) => {
      const passed = pass(...write(chunks, how))
      assert.deepStrictEqual(passed.body, body)
      assert.deepStrictEqual(WireContract.checkWhole("chat", JSON.stringify(passed.body)), [])
    }))

  it("for any legacy completion and any framing: the caller gets the same bytes", () =>
    holds(fc.tuple(anyAnswer, framing), ([answer, how]) => {
      const chunks = legacyOf(answer.chunks)
      const passLegacy = (pieces: ReadonlyArray<Uint8Array>) => Pipeline.stream(pieces, options({ operation: "text" }))
      const { body, text } = passLegacy(write(chunks, how))
      assert.strictEqual(text, passLegacy([bytesOf(plain(chunks))]).text)
      assert.deepStrictEqual(WireContract.checkStream({ ...asked, operation: "text" }, text), [])
      assert.deepStrictEqual(WireContract.checkWhole("text", JSON.stringify(body)), [])
    }))

  it("for any answer and any framing: what left is passed on byte for byte", () =>
    holds(fc.tuple(fc.oneof(anyAnswer, anyMessyAnswer), framing), ([{ chunks }, how]) => {
      const once = pass(...write(chunks, how)).text
      assert.strictEqual(pass(bytesOf(once)).text, once)
    }))

  it("for any answer that is true to the contract: every event leaves as it came", () =>
    holds(fc.tuple(anyAnswer, framing), ([answer, how]) => {
      const chunks = contractTrue(answer.chunks)
      assert.deepStrictEqual(WireContract.checkStream(asked, plain(chunks)), [], "it is true to the contract")
      assert.deepStrictEqual(jsonOf(pass(...write(chunks, how)).text), chunks)
    }))

  it("for any legacy completion that is true to the contract: every event leaves as it came", () =>
    holds(fc.tuple(anyAnswer, framing), ([answer, how]) => {
      const chunks = contractTrueLegacy(legacyOf(answer.chunks))
      const legacy = { ...asked, operation: "text" } as const
      assert.deepStrictEqual(WireContract.checkStream(legacy, plain(chunks)), [], "it is true to the contract")
      const { text } = Pipeline.stream(write(chunks, how), options({ operation: "text" }))
      assert.deepStrictEqual(jsonOf(text), chunks)
    }))

  it("for any answer that is not streamed: the body leaves as it came, and again so", () =>
    holds(anyAnswer, ({ body }) => {
      const once = Pipeline.whole(body, options())
      assert.deepStrictEqual(once.body, body)
      assert.deepStrictEqual(Pipeline.whole(once.body ?? {}, options()), once)
      assert.deepStrictEqual(WireContract.checkStream(asked, once.text), [])
    }))

  it("for any answer: without a finish it is a failure, however it is written", () =>
    holds(fc.tuple(anyAnswer, framing), ([{ chunks }, how]) => {
      const unfinished = chunks.filter((data) => typeof choiceOf(data)["finish_reason"] !== "string")
      const { ends, text } = pass(...write(unfinished, how))
      assert.deepStrictEqual(
        ends.map(({ _tag }) => _tag),
        ["Truncated"]
      )
      assert.deepStrictEqual(WireContract.checkStream(asked, text), [])
    }))

  it("is checked by a contract that sees what is wrong", () => {
    const hello = chunk([{ index: 0, delta: { role: "assistant", content: "hello" }, finish_reason: null }])
    const stop = chunk([{ index: 0, delta: {}, finish_reason: "stop" }])
    const usage = chunk([], { usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } })
    const good = plain([hello, stop, usage])
    assert.deepStrictEqual(WireContract.checkStream(asked, good), [])
    const wrong = [
      plain([hello]),
      plain([stop]),
      plain([hello, hello, stop]),
      plain([hello, stop, stop]),
      plain([hello, usage, stop]),
      plain([hello, chunk([]), stop]),
      plain([hello, { ...stop, id: "other" }]),
      plain([{ ...hello, error: null }, stop]),
      plain([{ ...hello, created: 1.5 }, stop]),
      good.replaceAll("\n", "\r\n"),
      good.replaceAll(": ", ":"),
      `\uFEFF${good}`,
      `${good}${SseEvents.done}`,
      good.replace(SseEvents.done, ""),
      good.replace(SseEvents.done, 'data: {"error":{"message":"m","type":"t","param":null,"code":5}}\n\n')
    ]
    for (const text of wrong) assert.isNotEmpty(WireContract.checkStream(asked, text), text)
    assert.isNotEmpty(WireContract.checkStream({ ...asked, includeUsage: false }, good))
  })
})
