import { assert, describe, it } from "@effect/vitest"
import * as Cors from "../../../src/domain/caller/Cors.js"

const pages = (...corsOrigins: ReadonlyArray<string>): Cors.Settings => ({ corsOrigins, explainHeaders: false })

const allows = (origin: string, ...allowed: ReadonlyArray<string>) =>
  Cors.headersFor(origin, pages(...allowed))["access-control-allow-origin"] === origin

describe("Cors", () => {
  it("says nothing to a caller that is no browser's page", () => {
    assert.deepStrictEqual(Cors.headersFor(undefined, pages("*")), {})
    assert.deepStrictEqual(Cors.preflightFor(undefined, pages("*")), {})
  })

  it("lets an allowed page read the answer and the headers that SDKs need", () => {
    assert.deepStrictEqual(Cors.headersFor("https://a.example", pages("https://a.example")), {
      "access-control-allow-origin": "https://a.example",
      "access-control-expose-headers":
        "x-request-id, retry-after, retry-after-ms, x-should-retry, openai-processing-ms, x-upstream-request-id, x-causeway-cleaned",
      vary: "origin"
    })
  })

  it("lets it read what explains an answer when there is such", () => {
    const settings = { corsOrigins: ["*"], explainHeaders: true }
    const readable = Cors.headersFor("https://a.example", settings)["access-control-expose-headers"]?.split(", ")
    assert.includeMembers(readable ?? [], ["x-request-id", "x-causeway-backend", "x-causeway-attempts"])
  })

  it("tells caches alone that another page's answer would differ", () => {
    assert.deepStrictEqual(Cors.headersFor("https://b.example", pages("https://a.example")), { vary: "origin" })
    assert.deepStrictEqual(Cors.preflightFor("https://b.example", pages("https://a.example")), { vary: "origin" })
    assert.deepStrictEqual(Cors.headersFor("https://b.example", pages()), { vary: "origin" })
  })

  it("takes a star for any text, and everything else literally", () => {
    assert.isTrue(allows("http://localhost:5173", "http://localhost:*"))
    assert.isTrue(allows("https://x.example.com", "https://*.example.com"))
    assert.isTrue(allows("null", "*"))
    assert.isTrue(allows("https://b.example", "https://a.example", "https://b.example"))
    assert.isFalse(allows("http://localhost", "http://localhost:*"))
    assert.isFalse(allows("https://example.com", "https://*.example.com"))
    assert.isFalse(allows("https://a.example.evil", "https://a.example"))
    assert.isFalse(allows("https://axexample", "https://a.example"))
    assert.isFalse(allows("https://ab", "https://ab*ab"))
  })

  it("answers a preflight with the methods and the headers that SDKs send", () => {
    const headers = Cors.preflightFor("https://a.example", pages("*"))
    assert.strictEqual(headers["access-control-allow-origin"], "https://a.example")
    assert.strictEqual(headers["access-control-allow-methods"], "GET, POST, OPTIONS")
    assert.strictEqual(headers["access-control-max-age"], "600")
    const accepted = headers["access-control-allow-headers"]?.split(", ") ?? []
    const needed = ["authorization", "content-type", "x-api-key", "openai-organization", "openai-project"]
    assert.includeMembers(accepted, [...needed, "x-stainless-lang", "x-stainless-retry-count", "anthropic-version"])
    // What goes on to the backend with the caller's own key a page may send.
    assert.includeMembers(accepted, ["http-referer", "x-title"])
  })
})
