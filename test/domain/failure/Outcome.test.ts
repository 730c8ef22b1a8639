import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Failure from "../../../src/domain/failure/Failure.js"
import { describe as words, RelayEnd } from "../../../src/domain/failure/Outcome.js"

describe("Outcome", () => {
  it("needs no words where nothing went wrong on our side", () => {
    assert.isUndefined(words(RelayEnd.Completed()))
    assert.isUndefined(words(RelayEnd.CallerLeft()))
  })

  it("says how the relay broke off", () => {
    const error = { message: "boom", type: "t", param: null, code: null }
    assert.strictEqual(words(RelayEnd.UpstreamBroke({ reason: "reset" })), "reset")
    assert.strictEqual(words(RelayEnd.UpstreamErrored({ status: 502, error })), "boom")
    assert.strictEqual(words(RelayEnd.UpstreamStalled({ after: Duration.seconds(60) })), "the backend fell silent")
    assert.strictEqual(words(RelayEnd.CutByDrain()), "cut at the drain deadline")
  })

  it("says why there was no answer", () => {
    assert.strictEqual(
      words(new Failure.ModelNotFound({ model: "m" })),
      "The model 'm' does not exist or you do not have access to it."
    )
    const last = new Failure.ProtocolBroken({ reason: "not JSON" })
    assert.strictEqual(
      words(new Failure.NoBackendAvailable({ last, attempts: 1 })),
      "no backend answered after 1 attempt: not JSON"
    )
    assert.strictEqual(
      words(new Failure.NoBackendAvailable({ last, attempts: 2 })),
      "no backend answered after 2 attempts: not JSON"
    )
    const error = { message: "boom", type: "t", param: null, code: null }
    const refused = new Failure.UpstreamRejected({ status: 400, retryAfter: undefined, error })
    assert.strictEqual(words(new Failure.Rejected({ last: refused, attempts: 1 })), "rejected with 400: boom")
  })

  it("says where a defect is", () => {
    const defect = new Error("boom")
    assert.strictEqual(words({ _tag: "Crashed", defect }), defect.stack)
    assert.strictEqual(words({ _tag: "Crashed", defect: "boom" }), "boom")
  })
})
