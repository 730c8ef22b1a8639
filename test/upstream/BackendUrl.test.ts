import { assert, describe, it } from "@effect/vitest"
import * as BackendUrl from "../../src/upstream/BackendUrl.js"
import { backend } from "../domain/generators.js"

const at = (base_url: string, model = "m") => {
  const { origin, path } = BackendUrl.of({ backend: backend({ base_url }), model }, "/chat/completions")
  return origin + path
}

describe("BackendUrl", () => {
  it("puts the path behind that of the base_url and keeps its query", () => {
    assert.strictEqual(at("https://api.example.com/v1"), "https://api.example.com/v1/chat/completions")
    assert.strictEqual(at("http://10.0.0.5:8000"), "http://10.0.0.5:8000/chat/completions")
    assert.strictEqual(at("https://x.example/v1//?a=1&b=2"), "https://x.example/v1/chat/completions?a=1&b=2")
  })

  it("leads beside the version that a base_url ends with, where that is asked for", () => {
    const root = (base_url: string) =>
      BackendUrl.of({ backend: backend({ base_url }), model: "m" }, "/classify", true).path
    assert.strictEqual(root("http://10.0.0.5:8000/v1"), "/classify")
    assert.strictEqual(root("http://10.0.0.5:8000/llm/v1/?a=1"), "/llm/classify?a=1")
    assert.strictEqual(root("http://10.0.0.5:8000"), "/classify")
    assert.strictEqual(root("http://10.0.0.5:8000/v1beta"), "/v1beta/classify")
  })

  it("puts the model where the base_url has a place for it", () => {
    const azure = "https://x.openai.azure.com/openai/deployments/{model}/?api-version=2024-10-21"
    assert.strictEqual(
      at(azure, "gpt-5"),
      "https://x.openai.azure.com/openai/deployments/gpt-5/chat/completions?api-version=2024-10-21"
    )
    assert.strictEqual(
      at("https://x.example/v1?model={model}", "a b"),
      "https://x.example/v1/chat/completions?model=a%20b"
    )
  })

  it("never lets a model lead out of its place", () => {
    const under = (model: string) => at("https://x.example/d/{model}", model).replace("https://x.example/d/", "")
    assert.strictEqual(under("a/../b?c#d"), "a%2F..%2Fb%3Fc%23d/chat/completions")
    assert.strictEqual(under(".."), "%2E%2E/chat/completions")
    assert.strictEqual(under("{model}$&"), "%7Bmodel%7D%24%26/chat/completions")
    assert.strictEqual(under("%2F"), "%252F/chat/completions")
    assert.strictEqual(under("x\ud800"), "x%EF%BF%BD/chat/completions")
  })
})
