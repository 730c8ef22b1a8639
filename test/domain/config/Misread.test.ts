import { assert, describe, it } from "@effect/vitest"
import * as Misread from "../../../src/domain/config/Misread.js"
import { formatPath } from "../../../src/domain/schema/ConfigIssue.js"
import type { Entry } from "../generators.js"
import { backends, entry } from "../generators.js"

const found = (over: Partial<Entry>) =>
  Misread.find(backends(entry(over))).map(({ path, message }) => `${formatPath(path)}: ${message}`)

describe("Misread", () => {
  it("leaves names and patterns as people write them", () => {
    const value = ["gpt-4o", "gpt-*", "*", "meta/llama-3.3-70b:free", "ft:gpt-4o:a::b1", "qwen2.5", "a_b@v1"]
    assert.deepStrictEqual(found({ model_match: { value } }), [])
    assert.deepStrictEqual(found({ model_match: null, models: { a: "b c" } }), [])
  })

  it("finds lists, white space and regular expressions in one name", () => {
    const value = ["gpt-4o,gpt-4", "gpt 4", "gpt-.*", "^gpt", "gpt$", "gpt\\d"]
    const messages = found({ model_match: { type: "keyword", value } })
    assert.lengthOf(messages, 6)
    assert.match(
      messages[0] ?? "",
      /^openai_clients\[0\]\.model_match\.value\[0\]: "gpt-4o,gpt-4" is one name with a comma/
    )
    assert.match(messages[1] ?? "", /value\[1\]: "gpt 4" has white space/)
    for (const message of messages.slice(2)) assert.include(message, "is no regular expression")
    assert.lengthOf(found({ models: { "a, b": "c" } }), 1)
  })

  it("finds an endpoint where the base of all is meant", () => {
    const at = (base_url: string) => found({ base_url })
    for (const path of ["/v1/chat/completions", "/v1/chat/completions/", "/v1/completions?a=b", "/v1/models"]) {
      assert.match(at(`https://h.example${path}`).join(), /^openai_clients\[0\]\.base_url: ends with \//, path)
    }
    assert.include(at("https://h.example/v1/chat/completions").join(), "leave /chat/completions out")
    for (const path of ["", "/v1", "/models/v1", "/openai/deployments/{model}/"]) {
      assert.deepStrictEqual(at(`https://h.example${path}`), [], path)
    }
    assert.deepStrictEqual(at("demo:"), [])
  })
})
