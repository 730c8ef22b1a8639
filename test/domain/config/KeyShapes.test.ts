import { assert, describe, it } from "@effect/vitest"
import * as KeyShapes from "../../../src/domain/config/KeyShapes.js"
import { formatPath } from "../../../src/domain/schema/ConfigIssue.js"
import type { Entry } from "../generators.js"
import { backends, entry } from "../generators.js"

const found = (over: Partial<Entry>) =>
  KeyShapes.find(backends(entry(over))).map(({ path, message }) => `${formatPath(path)}: ${message}`)

describe("KeyShapes", () => {
  it("leaves keys as providers give them", () => {
    for (const api_key of ["sk-proj-a_b-C", "caller", "", "AIzaSy-x", "Bearer", "eyJh.b.c==", "a=b", "x:y"]) {
      assert.deepStrictEqual(found({ api_key }), [], api_key)
    }
    assert.deepStrictEqual(found({ api_key: "Bearer a b", key_header: "x-key" }), [])
    assert.deepStrictEqual(found({ headers: { authorization: "Bearer a", "x-note": '"a"' } }), [])
  })

  it("finds what was copied along with a key, and tells nothing of it", () => {
    for (const [api_key, message] of [
      ['"sk-secret"', "a quote"],
      ["sk-secret'", "a quote"],
      ["Bearer sk-secret", "a scheme"],
      ["bearer\tsk-secret", "a scheme"],
      ["sk-secret sk-secret", "white space"],
      ["OPENAI_API_KEY=sk-secret", "sets a variable"]
    ] as const) {
      const [told = "", ...others] = found({ api_key })
      assert.deepStrictEqual(others, [])
      assert.match(told, /^openai_clients\[0\]\.api_key: /)
      assert.include(told, message)
      assert.notInclude(told, "secret")
    }
    const headers = { "x-api-key": "'sk-secret'" }
    assert.match(found({ headers }).join(), /^openai_clients\[0\]\.headers\.x-api-key: begins or ends with a quote/)
  })
})
