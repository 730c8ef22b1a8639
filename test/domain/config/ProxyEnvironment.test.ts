import { assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as ProxySetting from "../../../src/domain/backend/ProxySetting.js"
import * as Secrets from "../../../src/domain/backend/Secrets.js"
import * as ProxyEnvironment from "../../../src/domain/config/ProxyEnvironment.js"
import { backend } from "../generators.js"

const variable = (name: string, value: string) => ({ name, value: Redacted.make(value) })

const proxyOf = (base_url: string, environment: Partial<ProxyEnvironment.ProxyEnvironment>, more = {}) => {
  const all = { ...ProxyEnvironment.empty, ...environment }
  const { backends, issues } = ProxyEnvironment.settle([backend({ base_url, ...more })], all)
  return issues[0]?.message ?? ProxySetting.of(backends[0]?.proxy ?? Option.none())?.origin
}

const set = {
  http: variable("HTTP_PROXY", "http://a.test:1"),
  https: variable("https_proxy", "b.test:2"),
  all: variable("ALL_PROXY", "http://c.test:3")
}

describe("the proxy of a backend", () => {
  it.each([
    ["http://h.test/v1", set, "http://a.test:1"],
    ["https://h.test/v1", set, "http://b.test:2"],
    ["https://h.test/v1", { all: set.all }, "http://c.test:3"],
    ["https://h.test/v1", { http: set.http }, undefined],
    ["http+unix:///run/a.sock:/v1", set, undefined],
    ["demo:", set, undefined],
    ["http://localhost:8000", set, undefined],
    ["http://a.localhost:8000", set, undefined],
    ["http://127.1.2.3:8000", set, undefined],
    ["http://[::1]:8000", set, undefined]
  ])("of %s is that of its scheme, or of all: %o", (url, environment, proxy) =>
    assert.strictEqual(proxyOf(url, environment), proxy)
  )

  it.each([
    ["*", true],
    ["h.test", true],
    [".test", true],
    ["*.test", true],
    ["TEST", true],
    ["other, h.test:443", true],
    ["h.test:444", false],
    ["est", false],
    ["", false]
  ])("is none where NO_PROXY is %j: %s", (no, isExempt) =>
    assert.strictEqual(proxyOf("https://h.test/v1", { ...set, no }) === undefined, isExempt)
  )

  it.each([
    ["https://10.1.2.3/v1", "10.0.0.0/8", true],
    ["https://10.1.2.3/v1", "10.1.2.3", true],
    ["https://10.1.2.3/v1", "10.1.2.3:443", true],
    ["https://11.1.2.3/v1", "10.0.0.0/8", false],
    ["https://[fd00::1]/v1", "fd00::/8", true],
    ["https://[fd00::1]/v1", "[fd00::1]:443", true]
  ])("of an address, %s, is none where NO_PROXY is %j: %s", (url, no, isExempt) =>
    assert.strictEqual(proxyOf(url, { ...set, no }) === undefined, isExempt)
  )

  it("is its own before that of the environment, or none at all", () => {
    assert.strictEqual(proxyOf("https://h.test", set, { proxy: "http://own.test:9" }), "http://own.test:9")
    assert.isUndefined(proxyOf("https://h.test", set, { proxy: "none" }))
  })

  it.each(["socks5://c.test", "http://c.test/path", "http://", "://"])("is never %s, and never passed by", (value) => {
    const told = proxyOf("https://h.test", { all: variable("ALL_PROXY", value) })
    assert.match(told ?? "", /^would be asked through the proxy of the environment variable ALL_PROXY, which is no URL/)
  })

  it("has credentials that nobody is told", () => {
    const proxied = backend({ proxy: "http://me:p%C3%A4ss-word@p.test:3128" })
    const { authorization } = ProxySetting.of(proxied.proxy) ?? { authorization: Option.none() }
    const sent = Option.match(authorization, { onNone: () => "", onSome: Redacted.value })
    assert.strictEqual(sent, `Basic ${Buffer.from("me:päss-word").toString("base64")}`)
    const hide = Secrets.hiddenFrom(proxied, {})
    for (const secret of ["päss-word", "p%C3%A4ss-word", sent, "p.test:3128"]) {
      assert.notInclude(hide(`it says ${secret} here`), secret)
    }
    assert.notInclude(JSON.stringify(proxied), "ss-word")
  })
})
