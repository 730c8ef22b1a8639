import { assert, describe, it } from "@effect/vitest"
import * as Removed from "../../../../src/domain/chat/request/Removed.js"

describe("what cleaning took away", () => {
  it("is told with what it was, and not where it was nothing", () => {
    assert.isUndefined(Removed.told(Removed.nothing))
    assert.strictEqual(Removed.told({ empty: 0, userTurns: 3 }), "user_turns=3")
    assert.strictEqual(Removed.told({ empty: 2, userTurns: 0 }), "messages=2")
    assert.strictEqual(Removed.told({ empty: 2, userTurns: 1 }), "user_turns=1, messages=2")
  })
})
