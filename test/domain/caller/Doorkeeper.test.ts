import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Doorkeeper from "../../../src/domain/caller/Doorkeeper.js"
import { holds } from "../generators.js"

const settings = {
  corsOrigins: ["http://localhost:*", "https://app.example"],
  hosts: ["Gateway.example", "*.team.dev"]
}

const refusal = (
  headers: Record<string, string>,
  { address, method = "POST" }: { readonly address?: string; readonly method?: string } = {}
): string => {
  const refused = Doorkeeper.of(settings).refusal(
    { method, headers, rawHeaders: Object.entries(headers).flat() },
    address
  )
  return refused === undefined ? "none" : refused._tag === "Forbidden" ? refused.what : "repeated"
}

describe("Doorkeeper", () => {
  describe("of hosts", () => {
    const own = [
      "localhost",
      "localhost:8000",
      "LOCALHOST:1",
      "localhost.",
      "app.localhost:8000",
      "127.0.0.1",
      "127.1.2.3:8"
    ]
    const others = ["[::1]", "[::1]:8000", "0.0.0.0:8000", "gateway.example", "GATEWAY.example:443", "a.team.dev"]
    const strangers = [
      "evil.example",
      "evil.example:8000",
      "localhost.evil.example",
      "127.0.0.1.evil.example",
      "127.0.0.1.nip.io",
      "xlocalhost",
      "10.0.0.5:8000",
      "gateway.example.evil",
      "team.dev",
      "evil.example#localhost",
      "evil.example:8000:localhost",
      "localhost@evil.example"
    ]
    const loopbacks = ["127.0.0.1", "127.0.1.1", "::1", "::ffff:127.0.0.1"]

    it("serves its own names and those that are listed on the loopback", () => {
      for (const address of loopbacks) {
        for (const host of [...own, ...others]) assert.strictEqual(refusal({ host }, { address }), "none", host)
      }
    })

    it("refuses every other name there, whatever the method, and however often it served a good one before", () => {
      for (const address of loopbacks) {
        for (const host of strangers) {
          for (const method of ["GET", "POST", "OPTIONS"]) {
            assert.strictEqual(refusal({ host: "localhost" }, { address, method }), "none")
            assert.strictEqual(refusal({ host }, { address, method }), "host", host)
          }
        }
      }
    })

    it("does not mind the name elsewhere, where it is not known, or where there is none", () => {
      for (const host of [...own, ...strangers]) {
        for (const address of ["10.0.0.5", "::ffff:10.0.0.5", "fe80::1", undefined]) {
          assert.strictEqual(refusal({ host }, address === undefined ? {} : { address }), "none")
        }
      }
      assert.strictEqual(refusal({}, { address: "127.0.0.1" }), "none")
    })

    it("serves any name where a star says so", () =>
      holds(fc.domain(), (host) => {
        const open = Doorkeeper.of({ corsOrigins: [], hosts: ["*"] })
        assert.isUndefined(open.refusal({ headers: { host }, rawHeaders: ["Host", host] }, "127.0.0.1"))
      }))

    it("refuses two, the same ones too", () => {
      const rawHeaders = ["Host", "localhost", "accept", "host", "HOST", "localhost"]
      const refused = Doorkeeper.of(settings).refusal({ headers: { host: "localhost" }, rawHeaders }, undefined)
      assert.strictEqual(refused?._tag, "HostRepeated")
    })
  })

  describe("of pages", () => {
    const host = "127.0.0.1:8000"

    it("serves whoever is no browser", () => {
      assert.strictEqual(refusal({ host }), "none")
      assert.strictEqual(refusal({ host, "sec-fetch-mode": "cors" }), "none")
      assert.strictEqual(refusal({ host, origin: "" }), "none")
    })

    it("serves pages that are listed, and its own host's", () => {
      for (const origin of ["http://localhost:3000", "https://app.example", "http://127.0.0.1:8000"]) {
        assert.strictEqual(refusal({ host, origin }), "none", origin)
      }
      assert.strictEqual(refusal({ host: "gw.example", origin: "https://gw.example" }), "none")
      assert.strictEqual(refusal({ host: "gw.example:443", origin: "https://gw.example" }), "none")
      assert.strictEqual(refusal({ host: "GW.example:8080", origin: "http://gw.example:8080" }), "none")
    })

    it("serves pages that are listed from another site too, but no others", () => {
      const from = (origin: string, site: string) => refusal({ host, origin, "sec-fetch-site": site })
      for (const site of ["cross-site", "same-site"]) assert.strictEqual(from("https://app.example", site), "none")
      assert.strictEqual(from("http://127.0.0.1:8000", "same-origin"), "none")
      assert.strictEqual(from("http://127.0.0.1:8000", "cross-site"), "origin")
      assert.strictEqual(from("https://evil.example", "same-site"), "origin")
    })

    it("refuses foreign pages", () => {
      const strangers = [
        "https://evil.example",
        "null",
        "http://127.0.0.1:8001",
        "http://127.0.0.1",
        "file://",
        "chrome-extension://abc",
        "http://127.0.0.1:8000.evil.example",
        "https://app.example.evil",
        "127.0.0.1:8000"
      ]
      for (const origin of strangers) {
        for (const method of ["GET", "POST", "DELETE"]) {
          assert.strictEqual(refusal({ host, origin }, { method }), "origin", origin)
        }
        assert.strictEqual(refusal({ host, origin }, { method: "OPTIONS" }), "none")
      }
    })

    it("refuses what a browser sends for another site without saying whose", () => {
      for (const [site, expected] of [
        ["cross-site", "origin"],
        ["same-site", "origin"],
        ["same-origin", "none"],
        ["none", "none"]
      ] as const) {
        assert.strictEqual(refusal({ host, "sec-fetch-site": site }, { method: "GET" }), expected, site)
      }
    })
  })

  it("never grows its message with what it was sent", () =>
    holds(
      fc.tuple(fc.constantFrom("host", "origin"), fc.string({ minLength: 1, maxLength: 5_000 })),
      ([name, value]) => {
        const headers = name === "host" ? { host: value } : { host: "localhost", origin: value }
        const refused = Doorkeeper.of({ corsOrigins: [], hosts: [] }).refusal({ headers, rawHeaders: [] }, "127.0.0.1")
        assert.isAtMost((refused?.message ?? "").length, 300)
      }
    ))
})
