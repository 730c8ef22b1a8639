import { assert, describe, it } from "@effect/vitest"
import * as Blame from "../../../src/domain/failover/Blame.js"
import * as Failure from "../../../src/domain/failure/Failure.js"

const rejected = (status: number, more: { readonly message?: string; readonly code?: string } = {}) =>
  new Failure.UpstreamRejected({
    status,
    retryAfter: undefined,
    error: { message: "no", type: "t", param: null, code: null, ...more }
  })

const isCallers = (failure: Failure.AttemptFailure, isOurKey = true): boolean => Blame.isCallers(failure, isOurKey)

describe("the caller's own fault", () => {
  it("is a request that no backend would take", () => {
    for (const status of [400, 405, 409, 413, 415, 422]) assert.isTrue(isCallers(rejected(status)), String(status))
    for (const status of [302, 408, 500, 502, 503, 529]) assert.isFalse(isCallers(rejected(status)), String(status))
  })

  it("is a policy or a context that is too long, whatever the status", () => {
    assert.isTrue(isCallers(rejected(500, { code: "context_length_exceeded" })))
    assert.isTrue(isCallers(rejected(403, { code: "content_filter" })))
  })

  it("is what its own key brings on, and not what ours does", () => {
    for (const status of [401, 402, 403, 429]) {
      assert.isTrue(isCallers(rejected(status), false), String(status))
      assert.isFalse(isCallers(rejected(status), true), String(status))
    }
  })

  it("is a request that is larger than a minute's limit, whoever's key it is", () => {
    const tooLarge = rejected(429, {
      message: "Request too large for gpt-4o on tokens per min (TPM): Limit 3, Requested 5."
    })
    assert.isTrue(isCallers(tooLarge))
    assert.isFalse(Blame.isFull(tooLarge))
    assert.isFalse(Blame.isBackends(tooLarge, true))
  })

  it("is a model that there is not, and no address that is wrong", () => {
    assert.isTrue(isCallers(rejected(404, { message: "The model `x` does not exist" })))
    assert.isTrue(isCallers(rejected(404, { code: "DeploymentNotFound" })))
    assert.isFalse(isCallers(rejected(404, { message: "Not Found" })))
  })

  it("is nothing that was no answer", () => {
    assert.isFalse(isCallers(new Failure.ProtocolBroken({ reason: "no JSON" })))
    assert.isFalse(isCallers(new Failure.ConnectFailed({ timedOut: false, cause: "refused" })))
    assert.isFalse(isCallers(new Failure.ResourcesExhausted({ what: "EMFILE", everywhere: true })))
  })
})

describe("a key that is of no use", () => {
  it("is one that is unknown, unpaid, forbidden or spent", () => {
    assert.isTrue(Blame.isKeys(rejected(401)))
    assert.isTrue(Blame.isKeys(rejected(402)))
    assert.isTrue(Blame.isKeys(rejected(403, { message: "Your account has been suspended" })))
    assert.isTrue(Blame.isKeys(rejected(403, { code: "invalid_api_key" })))
    assert.isTrue(Blame.isKeys(rejected(429, { code: "insufficient_quota" })))
  })

  it("is not what a 403 says of the model or of what was asked, nor one that is busy", () => {
    for (const message of [
      "no",
      "Your input was flagged",
      "Project `p` does not have access to model `m`",
      "The request was blocked by a firewall"
    ]) {
      assert.isFalse(Blame.isKeys(rejected(403, { message })), message)
    }
    assert.isFalse(Blame.isKeys(rejected(403, { code: "content_filter", message: "key" })))
    assert.isFalse(Blame.isKeys(rejected(429)))
    assert.isFalse(Blame.isKeys(rejected(500)))
    assert.isFalse(Blame.isKeys(new Failure.ConnectFailed({ timedOut: false, cause: "key" })))
  })
})
