import { assert, describe, it } from "@effect/vitest"
import * as ConfigIssue from "../../../src/domain/schema/ConfigIssue.js"

describe("ConfigIssue", () => {
  it("writes a path as operators do", () => {
    assert.strictEqual(
      ConfigIssue.formatPath(["openai_clients", 0, "timeouts", "idle"]),
      "openai_clients[0].timeouts.idle"
    )
    assert.strictEqual(ConfigIssue.formatPath([]), "")
  })

  it("suggests the nearest word, where it is near enough to be a slip", () => {
    const words = ["api_key", "base_url", "name"]
    const meant = (word: string) => ConfigIssue.didYouMean(word, words)
    assert.strictEqual(meant("api_keys"), ' (did you mean "api_key"?)')
    assert.strictEqual(meant("BASE_URL"), ' (did you mean "base_url"?)')
    assert.strictEqual(meant("nmae"), ' (did you mean "name"?)')
    assert.strictEqual(meant("colour"), "")
    assert.strictEqual(meant("x"), "")
    assert.strictEqual(ConfigIssue.didYouMean("a", []), "")
  })
})
