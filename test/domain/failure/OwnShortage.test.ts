import { assert, describe, it } from "@effect/vitest"
import * as Blame from "../../../src/domain/failover/Blame.js"
import { ResourcesExhausted } from "../../../src/domain/failure/Failure.js"
import * as OwnShortage from "../../../src/domain/failure/OwnShortage.js"

const error = (code: string) => Object.assign(new Error(code), { code })

describe("a shortage of the gateway's own", () => {
  it.each(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"])("%s is one wherever the connection was to go", (code) =>
    assert.deepStrictEqual(OwnShortage.of(error(code)), { what: code, everywhere: true })
  )

  it("of ports is one towards an address", () =>
    assert.deepStrictEqual(OwnShortage.of(error("EADDRNOTAVAIL")), { what: "EADDRNOTAVAIL", everywhere: false }))

  it.each([
    "ECONNREFUSED",
    "ECONNRESET",
    "EPIPE",
    "ETIMEDOUT",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "ENOTFOUND",
    "EAI_AGAIN"
  ])("is not %s", (code) => assert.isUndefined(OwnShortage.of(error(code))))

  it("is what all addresses of a name fail with, not one of them", () => {
    const of = (...codes: ReadonlyArray<string>) => OwnShortage.of(new AggregateError(codes.map(error)))
    assert.strictEqual(of("EMFILE", "EMFILE")?.what, "EMFILE")
    // A machine without IPv6.
    assert.isUndefined(of("EADDRNOTAVAIL", "ECONNREFUSED"))
    for (const nothing of [
      undefined,
      null,
      "EMFILE",
      { code: "EMFILE" },
      new Error("EMFILE"),
      new AggregateError([])
    ]) {
      assert.isUndefined(OwnShortage.of(nothing))
    }
  })

  it("is no backend's fault", () => {
    const failure = new ResourcesExhausted({ what: "EMFILE", everywhere: true })
    for (const hasKey of [true, false]) assert.isFalse(Blame.isBackends(failure, hasKey))
  })
})
