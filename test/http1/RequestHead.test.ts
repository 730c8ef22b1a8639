import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import * as RequestHead from "../../src/http1/RequestHead.js"
import { holds } from "../domain/generators.js"

const good: RequestHead.Head = { method: "POST", path: "/v1/chat/completions?a=b", headers: { "x-name": "a" } }

const write = (given: Partial<RequestHead.Head>) => RequestHead.write({ ...good, ...given }, "host:80")

const reason = (given: Partial<RequestHead.Head>) =>
  Either.match(write(given), { onLeft: ({ message }) => message, onRight: () => "none" })

describe("the head of a request", () => {
  it("has a line of its own for each header", () =>
    assert.strictEqual(
      Either.getOrThrow(write({})),
      "POST /v1/chat/completions?a=b HTTP/1.1\r\nconnection: keep-alive\r\nhost: host:80\r\nx-name: a\r\n"
    ))

  it.each(["/", "/%20/{a}|'\"?q=[1]&b=~", new URL("http://a/caf\xe9 \r\n\t\0\u4f60?\xe9 b").pathname])(
    "may have the path %j",
    (path) => assert.strictEqual(reason({ path }), "none")
  )

  it.each([
    "",
    "v1",
    "*",
    "http://a/",
    "/a b",
    "/a\r\nb: c",
    "/a\rb",
    "/a\nb",
    "/a\0",
    "/a\tb",
    "/\x7f",
    "/\xe9",
    "/\u4f60"
  ])("is none with the path %j", (path) => {
    assert.strictEqual(reason({ path }), "the path is none that can be sent")
    assert.strictEqual(Either.flip(write({ path })).pipe(Either.getOrThrow)._tag, "HeadUnsendable")
  })

  it.each(["", "GET ", "GET /a HTTP/1.1\r\nb:", "G\0T", "G\xcbT", "GET\n"])("is none with the method %j", (method) =>
    assert.strictEqual(reason({ method }), "the method is none that can be sent")
  )

  it.each(["", "a b", "a:", "a\r\nb", "a\n", "\0", "(a)", "caf\xe9"])("is none with a header named %j", (name) =>
    assert.strictEqual(reason({ headers: { [name]: "a" } }), "the name of a header is none that can be sent")
  )

  it.each(["a\nb: c", "a\rb", "a\0", "\x7f", "\u4f60"])("is none with a header that says %j", (value) =>
    assert.strictEqual(reason({ headers: { "x-key": value } }), "the header 'x-key' has characters that cannot be sent")
  )

  it("is either refused, or has the lines that it should have and no other", () => {
    const text = fc.string({ unit: fc.constantFrom(..."aZ09/-:_ \t\r\n\0\x7f\x85\xe9\u010a\u2028"), maxLength: 6 })
    return holds(fc.tuple(text, text, text, text), ([method, path, name, value]) => {
      const written = write({ method, path: `/${path}`, headers: { [name]: value } })
      if (Either.isLeft(written)) return
      // As bytes, for what is not of Latin-1 would lose its upper half there.
      const lines = Buffer.from(written.right, "latin1")
        .toString("latin1")
        .split(/[\r\n]+/)
      assert.deepEqual(lines, [
        `${method} /${path} HTTP/1.1`,
        "connection: keep-alive",
        ...(name === "host" ? [] : ["host: host:80"]),
        `${name}: ${value}`,
        ""
      ])
      assert.strictEqual(lines[0]?.split(/\s/).length, 3)
    })
  })
})
