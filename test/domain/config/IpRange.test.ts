import { assert, describe, it } from "@effect/vitest"
import * as IpRange from "../../../src/domain/config/IpRange.js"

const within = (range: string, address: string): boolean | undefined => {
  const [a, b] = [IpRange.parse(range), IpRange.parseAddress(address)]
  return a === undefined || b === undefined ? undefined : IpRange.contains(a, b)
}

describe("IpRange", () => {
  it("holds the addresses of a range, and no others", () => {
    for (const [range, address, expected] of [
      ["10.0.0.0/8", "10.255.255.255", true],
      ["10.0.0.0/8", "11.0.0.0", false],
      ["192.0.2.7", "192.0.2.7", true],
      ["192.0.2.7", "192.0.2.8", false],
      ["0.0.0.0/0", "203.0.113.9", true],
      ["10.0.0.0/8", "::ffff:10.1.2.3", true],
      ["fd00::/8", "fd12:3456::1", true],
      ["fd00::/8", "fe80::1", false],
      ["::1", "0:0:0:0:0:0:0:1", true],
      ["2001:db8::/33", "2001:db8:8000::", false],
      ["::/0", "10.0.0.1", false],
      ["fe80::/10", "fe80::1%eth0", true]
    ] as const) {
      assert.strictEqual(within(range, address), expected, `${address} in ${range}`)
    }
  })

  it("knows what is no address and no range", () => {
    for (const text of ["", "x", "1.2.3", "1.2.3.256", "1.2.3.4.5", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9"]) {
      assert.isUndefined(IpRange.parse(text), text)
    }
    for (const text of ["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8/8", "::/129", "12345::", ":::"]) {
      assert.isUndefined(IpRange.parse(text), text)
    }
  })

  it("is written as it was read, an IPv6 address without abbreviation", () => {
    for (const [range, expected] of [
      ["10.0.0.0/8", "10.0.0.0/8"],
      ["192.0.2.7", "192.0.2.7"],
      ["0.0.0.0/0", "0.0.0.0/0"],
      ["fd00::/8", "fd00:0:0:0:0:0:0:0/8"],
      ["::1", "0:0:0:0:0:0:0:1"]
    ] as const) {
      const parsed = IpRange.parse(range)
      assert.strictEqual(parsed === undefined ? undefined : IpRange.format(parsed), expected)
      assert.deepStrictEqual(IpRange.parse(expected), parsed)
    }
  })
})
