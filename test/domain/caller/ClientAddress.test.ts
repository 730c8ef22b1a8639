import { assert, describe, it } from "@effect/vitest"
import * as ClientAddress from "../../../src/domain/caller/ClientAddress.js"
import * as IpRange from "../../../src/domain/config/IpRange.js"

const trusted = ["10.0.0.0/8", "fd00::/8"].flatMap((text) => IpRange.parse(text) ?? [])

describe("ClientAddress", () => {
  it("is the socket's where no proxy is trusted, whatever the headers say", () => {
    const headers = { "x-forwarded-for": "203.0.113.9", "x-real-ip": "203.0.113.9" }
    assert.strictEqual(ClientAddress.of("10.0.0.1", headers, []), "10.0.0.1")
    assert.strictEqual(ClientAddress.of("::ffff:192.0.2.1", headers, trusted), "192.0.2.1")
    assert.strictEqual(ClientAddress.of(undefined, headers, trusted), "")
  })

  it("is the last address in X-Forwarded-For that no trusted proxy has", () => {
    for (const [forwarded, expected] of [
      ["203.0.113.9", "203.0.113.9"],
      ["1.1.1.1, 203.0.113.9", "203.0.113.9"],
      ["1.1.1.1, 203.0.113.9, 10.0.0.7", "203.0.113.9"],
      ["10.0.0.9, 10.0.0.7", "10.0.0.9"],
      ["203.0.113.9:4711", "203.0.113.9"],
      ["[2001:db8::1]:443, fd00::2", "2001:db8::1"],
      ["::ffff:203.0.113.9", "203.0.113.9"],
      ["1.1.1.1, unknown, 10.0.0.7", "10.0.0.7"],
      ["<script>", "10.0.0.1"],
      ["", "10.0.0.1"]
    ] as const) {
      assert.strictEqual(ClientAddress.of("10.0.0.1", { "x-forwarded-for": forwarded }, trusted), expected, forwarded)
    }
  })

  it("is X-Real-IP where a trusted proxy says no more", () => {
    assert.strictEqual(ClientAddress.of("10.0.0.1", { "x-real-ip": "203.0.113.9" }, trusted), "203.0.113.9")
    assert.strictEqual(ClientAddress.of("10.0.0.1", { "x-real-ip": "me" }, trusted), "10.0.0.1")
    assert.strictEqual(ClientAddress.of("10.0.0.1", {}, trusted), "10.0.0.1")
  })
})
