import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as SseEvents from "../../../src/domain/wire/SseEvents.js"
import * as Utf8 from "../../../src/flow/Utf8.js"
import { holds } from "../generators.js"

const bytesOf = (text: string) => new TextEncoder().encode(text)

/** The events of some bytes that arrive cut at these offsets. */
const read = (bytes: Uint8Array, cuts: ReadonlyArray<number> = []): ReadonlyArray<SseEvents.SseEvent> => {
  const utf8 = Utf8.make()
  const decoder = SseEvents.make()
  const edges = [0, ...[...cuts].sort((a, b) => a - b), bytes.length]
  const events = edges.slice(1).flatMap((edge, index) => decoder.push(utf8.decode(bytes.subarray(edges[index], edge))))
  return [...events, ...decoder.push(utf8.end()), ...decoder.end()]
}

const data = (text: string) => read(bytesOf(text)).map((event) => event.data)

const event = (data: string, name?: string): SseEvents.SseEvent => ({ event: name, data })

// A byte order mark, comments, every kind of field, letters of one to four bytes, and no blank line at the end.
const stream = [
  "\uFEFF: keep-alive",
  "",
  'data: {"a":"é漢😀"}',
  "",
  "event: named",
  "id: 7",
  "retry: 5",
  "data:no space",
  "data:  two spaces",
  "data",
  "",
  "",
  ": OPENROUTER PROCESSING",
  "",
  "vendor: ignored",
  "event: ping",
  "data: {}",
  "",
  'error: {"code":500}',
  "",
  "data: [DONE]"
]

const expected = [
  event('{"a":"é漢😀"}'),
  event("no space\n two spaces\n", "named"),
  event("{}", "ping"),
  event('{"code":500}', "error"),
  event("[DONE]")
]

describe("SseEvents", () => {
  for (const [name, end] of [
    ["LF", "\n"],
    ["CRLF", "\r\n"],
    ["CR", "\r"]
  ] as const) {
    describe(`with ${name} line ends`, () => {
      const bytes = bytesOf(stream.join(end))

      it("reads every event", () => assert.deepStrictEqual(read(bytes), expected))

      it("reads the same events wherever the stream is cut in two", () => {
        for (let at = 0; at <= bytes.length; at++)
          assert.deepStrictEqual(read(bytes, [at]), expected, `cut at byte ${at}`)
      })

      it("reads the same events byte by byte", () => assert.deepStrictEqual(read(bytes, [...bytes.keys()]), expected))

      it("reads the same events however the stream is cut", () =>
        holds(fc.array(fc.nat(bytes.length)), (cuts) => assert.deepStrictEqual(read(bytes, cuts), expected)))
    })
  }

  it("hands an event out as soon as it is complete, and only once", () => {
    const decoder = SseEvents.make()
    assert.deepStrictEqual(decoder.push("data: 1\n"), [])
    assert.deepStrictEqual(decoder.push("\ndata: 2"), [event("1")])
    assert.deepStrictEqual(decoder.push(""), [])
    assert.deepStrictEqual(decoder.push("\n\n"), [event("2")])
    assert.deepStrictEqual(decoder.end(), [])
  })

  it("knows whether an event is open", () => {
    const decoder = SseEvents.make()
    const open = ["", "data: 1", "\n", "\n", "data: 2\n\n", "", ": comment\n", "data: 3\n\n"].map((text) => {
      decoder.push(text)
      return !decoder.isBetween()
    })
    // What ends in a way that leaves doubt is taken for open.
    assert.deepStrictEqual(open, [false, true, true, true, false, false, true, false])
  })

  it("closes the event that the stream left open, with or without its last line end", () => {
    for (const open of ["data: [DONE]", "data: [DONE]\n", "data: [DONE]\n\n", "data: [DONE]\r", "data: [DONE]\r\n"]) {
      assert.deepStrictEqual(data(open), ["[DONE]"], JSON.stringify(open))
    }
  })

  it("has no events in a stream of comments, blank lines and names", () => {
    assert.deepStrictEqual(data(": ping\n\n\n\nevent: x\n\nid: 1\n\nretry: 5\n\n:\n\n"), [])
    assert.deepStrictEqual(data(""), [])
  })

  it("does not carry the name of one event to the next", () => {
    assert.deepStrictEqual(read(bytesOf("event: a\ndata: 1\n\ndata: 2\n\n")), [event("1", "a"), event("2")])
    assert.deepStrictEqual(read(bytesOf("event: a\n\ndata: 2\n\n")), [event("2")])
  })

  it("joins the lines of one event", () => {
    assert.deepStrictEqual(data('data: {\ndata: "a": 1\ndata: }\n\n'), ['{\n"a": 1\n}'])
  })

  it("takes a line `error:` for an error, with or without a blank line after it", () => {
    assert.deepStrictEqual(read(bytesOf('error: {"code":500}\ndata: [DONE]\n\n')), [
      event('{"code":500}', "error"),
      event("[DONE]")
    ])
    assert.deepStrictEqual(read(bytesOf("error: x")), [event("x", "error")])
  })

  it("reads bytes that are not UTF-8 as replacement characters", () => {
    assert.deepStrictEqual(read(new Uint8Array([...bytesOf("data: a"), 0xff, ...bytesOf("b\n\n")])), [
      event("a\uFFFDb")
    ])
    assert.deepStrictEqual(read(new Uint8Array([...bytesOf("data: a"), 0xe6, 0xbc])), [event("a\uFFFD")])
  })

  describe("an event beyond the limit", () => {
    it("is told of and ends the stream", () => {
      const decoder = SseEvents.make(64)
      assert.deepStrictEqual(decoder.push("data: 1\n\n"), [event("1")])
      assert.isFalse(decoder.overflowed())
      for (let i = 0; i < 10; i++) assert.deepStrictEqual(decoder.push("data: 0123456789"), [])
      assert.isTrue(decoder.overflowed())
      assert.deepStrictEqual(decoder.push("\n\ndata: 2\n\n"), [])
      assert.deepStrictEqual(decoder.end(), [])
    })

    it("may be made of many short lines", () => {
      const decoder = SseEvents.make(64)
      for (let i = 0; i < 20; i++) decoder.push("data: 0123456789\n")
      assert.isTrue(decoder.overflowed())
    })

    it("is not a stream of many short events", () => {
      const decoder = SseEvents.make(64)
      for (let i = 0; i < 20; i++) assert.deepStrictEqual(decoder.push("data: 0123456789\n\n"), [event("0123456789")])
      assert.isFalse(decoder.overflowed())
    })
  })

  it("reads an event of several megabytes in small pieces without trouble", () => {
    const decoder = SseEvents.make()
    const piece = "x".repeat(1024)
    decoder.push("data: ")
    for (let i = 0; i < 8 * 1024; i++) decoder.push(piece)
    assert.strictEqual(decoder.push("\n\n")[0]?.data.length, 8 * 1024 * 1024)
  })

  it("writes one line of JSON and a blank line", () => {
    assert.strictEqual(SseEvents.frame({ a: "x\ny" }), 'data: {"a":"x\\ny"}\n\n')
    assert.strictEqual(SseEvents.done, "data: [DONE]\n\n")
  })

  it("writes signs of life that end no event", () => {
    assert.strictEqual(SseEvents.keepalive, ": keepalive\n")
    const { frame, keepalive } = SseEvents
    assert.deepStrictEqual(data(`${keepalive}${frame({})}${keepalive}${keepalive}${frame({})}`), ["{}", "{}"])
  })

  it("reads what it writes", () =>
    holds(fc.array(fc.object()), (values) => {
      const plain = values.map((value) => JSON.stringify(value))
      assert.deepStrictEqual(data(values.map(SseEvents.frame).join("")), plain)
    }))
})
