import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as ResponseHead from "../../src/http1/ResponseHead.js"

const parse = (...lines: ReadonlyArray<string>) => Either.getOrThrow(ResponseHead.parse(textOf(lines)))

const reason = (...lines: ReadonlyArray<string>) =>
  Either.match(ResponseHead.parse(textOf(lines)), { onLeft: ({ reason }) => reason, onRight: () => "none" })

const textOf = (lines: ReadonlyArray<string>) => [...lines, "", ""].join("\r\n")

const ok = "HTTP/1.1 200 OK"

describe("the head of a response", () => {
  it("has a status, and headers by lower-case name", () => {
    const { headers, status } = parse(
      "HTTP/1.1 404 Not Found",
      "Content-Type: text/html",
      "X-Empty:",
      "x-tab:\t a b \t"
    )
    assert.strictEqual(status, 404)
    assert.deepEqual(headers, { "content-type": "text/html", "x-empty": "", "x-tab": "a b" })
  })

  it("may leave out what it calls its status", () => {
    assert.strictEqual(parse("HTTP/1.1 200").status, 200)
    assert.strictEqual(parse("HTTP/1.1 200 ").status, 200)
  })

  it("keeps the bytes of a value as they are", () =>
    assert.deepEqual(parse(ok, "x-name: caf\xe9").headers, { "x-name": "caf\xe9" }))

  it("gathers what is said several times", () =>
    assert.deepEqual(parse(ok, "a: 1", "B: 2", "A: 3", "a: 4").headers, { a: ["1", "3", "4"], b: "2" }))

  it("may go on with a value in the next line", () =>
    assert.deepEqual(parse(ok, "a: 1", "  2", "\t3", "b: 4").headers, { a: "1 2 3", b: "4" }))

  it("may end its lines without CR", () => {
    const parsed = Either.getOrThrow(ResponseHead.parse("HTTP/1.1 200 OK\na: 1\nb: 2\n\n"))
    assert.deepEqual(parsed.headers, { a: "1", b: "2" })
  })

  it("gives nobody another prototype", () => {
    const { headers } = parse(ok, "__proto__: a", "__proto__: b", "constructor: c")
    assert.deepEqual(Object.keys(headers), ["constructor"])
    assert.strictEqual(Object.getPrototypeOf(headers), Object.prototype)
  })

  it.each([
    ["another protocol", "SSH-2.0-OpenSSH_9.6"],
    ["HTTP/2", "HTTP/2 200 OK"],
    ["a status of two digits", "HTTP/1.1 99 OK"],
    ["a status of four digits", "HTTP/1.1 2000 OK"],
    ["a status below 100", "HTTP/1.1 000 OK"],
    ["a bare CR in the status line", "HTTP/1.1 200 O\rK"]
  ])("is none with %s", (_, line) => assert.strictEqual(reason(line), "no status line"))

  it.each([
    ["no colon", "nothing"],
    ["no name", ": 1"],
    ["white space before the colon", "a : 1"],
    ["white space in the name", "a b: 1"],
    ["a bare CR", "a: 1\rb: 2"],
    ["a control character", "a: 1\x00"]
  ])("is none with a header that has %s", (_, line) =>
    assert.strictEqual(reason(ok, line), "a line in its head that is no header")
  )
})

describe("the end of a body", () => {
  it.each<[string, ResponseHead.Framing, ReadonlyArray<string>]>([
    ["its length", 12, [ok, "content-length: 12"]],
    ["its length, said twice", 12, [ok, "content-length: 12", "Content-Length: 12"]],
    ["its length, said twice in a line", 12, [ok, "content-length: 12, 12"]],
    ["a last chunk", "chunked", [ok, "transfer-encoding: Chunked"]],
    [
      "a last chunk, whatever its length is said to be",
      "chunked",
      [ok, "content-length: 3", "transfer-encoding: chunked"]
    ],
    ["the end of the connection", "close", [ok]],
    ["its length where no coding is one", 3, [ok, "transfer-encoding: identity", "content-length: 3"]],
    ["the head with 204", 0, ["HTTP/1.1 204 No Content"]],
    ["the head with 304", 0, ["HTTP/1.1 304 Not Modified", "content-length: 5"]]
  ])("is told by %s", (_, framing, lines) => assert.strictEqual(parse(...lines).framing, framing))

  it.each([
    ["two lengths", "a strange length", ["content-length: 12", "content-length: 13"]],
    ["a negative length", "a strange length", ["content-length: -1"]],
    ["a length with a unit", "a strange length", ["content-length: 12b"]],
    ["an empty length", "a strange length", ["content-length:"]],
    ["a length that no number holds", "a strange length", ["content-length: 9999999999999999"]],
    ["a coding that nobody asked for", "transfer-encoding: gzip, chunked", ["transfer-encoding: gzip, chunked"]],
    ["two codings", "transfer-encoding: chunked,chunked", ["transfer-encoding: chunked", "transfer-encoding: chunked"]]
  ])("is not told by %s", (_, expected, lines) => assert.strictEqual(reason(ok, ...lines), expected))
})

describe("a connection", () => {
  it.each<[boolean, string, ReadonlyArray<string>]>([
    [true, "is kept", [ok, "content-length: 1"]],
    [true, "is kept with chunks", [ok, "transfer-encoding: chunked"]],
    [true, "is kept when it says so", [ok, "content-length: 1", "connection: Keep-Alive"]],
    [false, "is closed when it says so", [ok, "content-length: 1", "connection: close"]],
    [false, "is closed when it says so among other things", [ok, "content-length: 1", "connection: x-hop, Close"]],
    [true, "is kept whatever else it names", [ok, "content-length: 1", "connection: x-close, closed"]],
    [false, "is closed when only that ends the body", [ok]],
    [false, "is closed when it has both a length and chunks", [ok, "content-length: 1", "transfer-encoding: chunked"]],
    [false, "is closed in HTTP/1.0", ["HTTP/1.0 200 OK", "content-length: 1"]],
    [
      false,
      "is closed in HTTP/1.0 with a coding",
      ["HTTP/1.0 200 OK", "transfer-encoding: chunked", "connection: keep-alive"]
    ],
    [true, "is kept in HTTP/1.0 when it says so", ["HTTP/1.0 200 OK", "content-length: 1", "connection: keep-alive"]]
  ])("%s: %s", (kept, _, lines) => assert.strictEqual(parse(...lines).isKept, kept))

  it("may say for how long it is kept", () => {
    assert.strictEqual(parse(ok, "keep-alive: timeout=5, max=100").keptFor, 5_000)
    assert.strictEqual(parse(ok, "keep-alive: max=100").keptFor, undefined)
    assert.strictEqual(parse(ok).keptFor, undefined)
  })
})
