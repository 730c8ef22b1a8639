import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as ResponseReader from "../../src/http1/ResponseReader.js"
import { holds } from "../domain/generators.js"

interface Reading {
  status: number | undefined
  body: string
  ended: "clean" | "unclean" | undefined
  wrong: string | undefined
  endsWithConnection: boolean
}

/** What comes of a text that arrives in pieces which end there. */
const read = (text: string, cuts: ReadonlyArray<number> = []): Reading => {
  const reading: Reading = {
    status: undefined,
    body: "",
    ended: undefined,
    wrong: undefined,
    endsWithConnection: false
  }
  const reader = new ResponseReader.ResponseReader({
    onHead: ({ status }) => (reading.status = status),
    onBody: (bytes) => (reading.body += Buffer.from(bytes).toString("latin1")),
    onEnd: (isClean) => (reading.ended = isClean ? "clean" : "unclean")
  })
  const all = Buffer.from(text, "latin1")
  const edges = [0, ...[...new Set(cuts)].filter((cut) => cut < all.length).sort((a, b) => a - b), all.length]
  for (const [n, edge] of edges.slice(1).entries()) {
    reading.wrong = reader.push(all.subarray(edges[n], edge))?.reason
    if (reading.wrong !== undefined) break
  }
  reading.endsWithConnection = reader.endsWithConnection()
  return reading
}

const chunkedHead = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"

const responses = {
  length: "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
  nothing: "HTTP/1.1 204 No Content\r\n\r\n",
  none: "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
  close: "HTTP/1.0 200 OK\r\n\r\nhello",
  chunks: `${chunkedHead}5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n`,
  extensions: `${chunkedHead}5 ;name=value\r\nhello\r\n000000006;a\r\n world\r\n0;last\r\n\r\n`,
  trailers: `${chunkedHead}B\r\nhello world\r\n0\r\nserver-timing: 1\r\nb: 2\r\n\r\n`,
  bare: "HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n5\nhello\n0\n\n",
  informed:
    "HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
  lines: "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n\n\n\r\n\r\n\n\r\n"
} as const

describe("a response", () => {
  it.each<[keyof typeof responses, string, Partial<Reading>]>([
    ["length", "ends with its length", { body: "hello", ended: "clean" }],
    ["nothing", "has no body with 204", { status: 204, body: "", ended: "clean" }],
    ["none", "may be empty", { body: "", ended: "clean" }],
    ["close", "may end with its connection", { body: "hello", ended: undefined, endsWithConnection: true }],
    ["chunks", "ends with its last chunk", { body: "hello world", ended: "clean" }],
    ["extensions", "may say more of its chunks", { body: "hello world", ended: "clean" }],
    ["trailers", "may have trailers", { body: "hello world", ended: "clean" }],
    ["bare", "may end its lines without CR", { body: "hello", ended: "clean" }],
    ["informed", "comes after informational ones", { status: 200, body: "hi", ended: "clean" }],
    ["lines", "may have empty lines in its body", { body: "\n\n\r\n\r\n\n\r\n", ended: "clean" }]
  ])("%s: %s", (name, _, expected) => {
    const reading = read(responses[name])
    assert.isUndefined(reading.wrong)
    assert.deepInclude(reading, expected)
  })

  it("is the same however it is cut", () =>
    holds(
      fc.tuple(
        fc.constantFrom(...Object.values(responses)),
        fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 40 })
      ),
      ([text, cuts]) => assert.deepEqual(read(text, cuts), read(text))
    ))

  it("is the same byte by byte", () => {
    for (const text of Object.values(responses))
      assert.deepEqual(
        read(
          text,
          Array.from(text, (_, n) => n)
        ),
        read(text)
      )
  })

  it("gives back any body that was cut into any chunks", () =>
    holds(fc.array(fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 300 })), (pieces) => {
      const chunks = pieces.map((piece) => `${piece.length.toString(16).toUpperCase()}\r\n${piece}\r\n`)
      assert.deepInclude(read(`${chunkedHead}${chunks.join("")}0\r\n\r\n`), { body: pieces.join(""), ended: "clean" })
    }))

  it.each(["length", "nothing", "none", "chunks", "trailers"] as const)("%s: tells of what comes after it", (name) => {
    const reading = read(`${responses[name]}HTTP/1.1 200 OK\r\n`)
    assert.strictEqual(reading.ended, "unclean")
    assert.deepEqual(reading.body, read(responses[name]).body)
  })

  it.each([
    ["a chunk without size", "\r\nhello"],
    ["a chunk without size", "x\r\n"],
    ["a chunk without size", "-5\r\n"],
    ["a chunk without size", "5x\r\n"],
    ["a chunk is too large", "1000000000000\r\n"],
    ["a chunk is not of its size", "5\r\nhello!\r\n"],
    ["a chunk is not of its size", "5\r\nhello\r\r\n"],
    ["a line has a CR within", "5;a\rb\r\nhello"],
    ["a line has a CR within", "5;\r\r\nhello"],
    ["a line has a CR within", "5\r0\r\nhello"],
    ["a line has a CR within", "0\r\na: b\rc: d\r\n\r\n"],
    ["a line has a CR within", "0\r\na: b\r\n\r\r\n"],
    ["a line has a CR within", "0\r\n\rHTTP/1.1 200 OK\r\n\r\n"],
    ["the line of a chunk's size is too large", `5;${"x".repeat(5_000)}`],
    ["its trailers are too large", `0\r\n${"a: b\r\n".repeat(20_000)}`]
  ])("is none when it has %s: %j", (reason, body) => {
    assert.strictEqual(read(chunkedHead + body).wrong, reason)
    assert.strictEqual(read(chunkedHead + body, [chunkedHead.length + 1, chunkedHead.length + 2]).wrong, reason)
    const each = Array.from(body.slice(0, 100), (_, at) => chunkedHead.length + at)
    assert.strictEqual(read(chunkedHead + body, each).wrong, reason)
  })

  it("is none when its head does not end", () => {
    const endless = `HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(20_000)}`
    assert.strictEqual(read(endless).wrong, "its head is too large")
    assert.strictEqual(read(endless, [60_000, 70_000]).wrong, "its head is too large")
    assert.strictEqual(read(`${endless}\r\n`).wrong, "its head is too large")
  })

  it("follows on a hundred informational heads, but on no endless row of them", () => {
    const answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
    const informational = "HTTP/1.1 100 Continue\r\n\r\n"
    assert.deepInclude(read(informational.repeat(100) + answer), { body: "ok", ended: "clean" })
    assert.strictEqual(read(informational.repeat(101) + answer).wrong, "its informational heads have no end")
    const cuts = Array.from({ length: 500 }, (_, index) => index * informational.length)
    assert.strictEqual(read(informational.repeat(500), cuts).wrong, "its informational heads have no end")
  })

  it("is none when it changes the protocol", () =>
    assert.strictEqual(read("HTTP/1.1 101 Switching Protocols\r\n\r\n").wrong, "it changes the protocol"))
})
