import { assert, describe, it } from "@effect/vitest"
import * as Keyless from "../../../src/domain/config/Keyless.js"
import type { Entry } from "../generators.js"
import { backends, entry } from "../generators.js"

const found = (...entries: ReadonlyArray<Partial<Entry>>) =>
  Keyless.find(backends(...entries.map((each, n) => entry({ name: `b${n}`, ...each })))).map(({ path }) => path[1])

describe("Keyless", () => {
  it("is a public backend without a key beside one that has a key", () => {
    assert.deepStrictEqual(found({ api_key: "k" }, {}), [1])
    assert.deepStrictEqual(found({ headers: { "x-api-key": "k" } }, {}, { api_key: "" }), [1, 2])
    assert.deepStrictEqual(found({ base_url: "https://a.example/v1?key=k" }, {}), [1])
  })

  it("is none where the caller's key is asked for, or no backend has one", () => {
    assert.deepStrictEqual(found({ api_key: "k" }, { api_key: "caller" }), [])
    assert.deepStrictEqual(found({}, {}), [])
    assert.deepStrictEqual(found({ api_key: "caller" }, {}), [])
  })

  it("is none of one's own network, and not the demo", () => {
    const own = [
      "http://10.0.0.5:8000/v1",
      "http://vllm:8000/v1",
      "http://[::1]:1/v1",
      "http://gpu.internal/v1",
      "demo:"
    ]
    assert.deepStrictEqual(found({ api_key: "k" }, ...own.map((base_url) => ({ base_url }))), [])
  })
})
