import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as fc from "effect/FastCheck"
import type { AttemptFailure } from "../../../src/domain/failure/Failure.js"
import * as Failure from "../../../src/domain/failure/Failure.js"
import * as RetryPolicy from "../../../src/domain/failover/RetryPolicy.js"
import { holds } from "../generators.js"

const situation = (over: Partial<RetryPolicy.Situation> = {}): RetryPolicy.Situation => ({
  attempts: 1,
  attemptsHere: 1,
  retries: 1,
  retryAfterMax: Duration.seconds(5),
  siblingLeft: true,
  remaining: Duration.minutes(30),
  remainingElsewhere: Duration.minutes(30),
  draw: 0.5,
  ...over
})

const rejected = (
  status: number,
  over: {
    readonly after?: Duration.Duration
    readonly code?: string
    readonly type?: string
    readonly message?: string
  } = {}
) =>
  new Failure.UpstreamRejected({
    status,
    retryAfter: over.after,
    error: { message: over.message ?? "no", type: over.type ?? "api_error", param: null, code: over.code ?? null }
  })

const refused = new Failure.ConnectFailed({ timedOut: false, cause: new Error("ECONNREFUSED") })
const lost = new Failure.ConnectionLost({ requestSent: true, cause: new Error("ECONNRESET") })

/** A verdict in short: its tag, with the wait in ms where there is one. */
const verdict = (failure: AttemptFailure, over: Partial<RetryPolicy.Situation> = {}): string => {
  const { _tag, ...rest } = RetryPolicy.verdict(failure, situation(over))
  return "after" in rest ? `${_tag} ${Duration.toMillis(rest.after)}` : _tag
}

describe("RetryPolicy", () => {
  it("retries once and at once where no connection was made or it was found dead, then goes on", () => {
    for (const failure of [refused, lost, new Failure.ConnectionLost({ requestSent: false, cause: "reset" })]) {
      assert.strictEqual(verdict(failure), "RetryHere 0")
      assert.strictEqual(verdict(failure, { attempts: 2, attemptsHere: 2 }), "NextBackend")
    }
  })

  it("asks one that nobody is left beside again after a short jittered wait where the connection was refused", () => {
    const alone = { siblingLeft: false, remainingElsewhere: Duration.zero }
    assert.strictEqual(verdict(refused, { ...alone, draw: 0 }), "RetryHere 100")
    assert.strictEqual(verdict(refused, { ...alone, draw: 0.999 }), "RetryHere 299.8")
    assert.strictEqual(verdict(lost, alone), "RetryHere 0")
  })

  it("asks another where input of this kind is not taken, whatever the status", () => {
    const message = "image input is not supported"
    for (const status of [400, 404, 422, 500, 503])
      assert.strictEqual(verdict(rejected(status, { message })), "NextBackend", String(status))
  })

  it("never asks a silent backend twice", () => {
    const after = Duration.seconds(1)
    const silences = [
      new Failure.ConnectFailed({ timedOut: true, cause: "timeout" }),
      new Failure.HeadersTimedOut({ after }),
      new Failure.FirstTokenTimedOut({ after }),
      new Failure.TotalTimedOut({ after })
    ]
    for (const failure of silences) assert.strictEqual(verdict(failure), "NextBackend", failure._tag)
  })

  it("asks nobody else without files or memory for any connection, but does without ports towards one address", () => {
    const exhausted = (what: string, everywhere: boolean) => new Failure.ResourcesExhausted({ what, everywhere })
    assert.strictEqual(verdict(exhausted("EMFILE", true)), "Stop")
    assert.strictEqual(verdict(exhausted("EADDRNOTAVAIL", false)), "NextBackend")
  })

  it("goes on where the answer is none", () => {
    assert.strictEqual(verdict(new Failure.ProtocolBroken({ reason: "not JSON" })), "NextBackend")
  })

  it("retries a 500 once after a short jittered wait, then goes on", () => {
    assert.strictEqual(verdict(rejected(500), { draw: 0 }), "RetryHere 100")
    assert.strictEqual(verdict(rejected(500), { draw: 0.5 }), "RetryHere 200")
    assert.strictEqual(verdict(rejected(500), { attempts: 2, attemptsHere: 2 }), "NextBackend")
  })

  it("retries 408 and 409 once, then goes on", () => {
    for (const status of [408, 409]) {
      assert.match(verdict(rejected(status)), /^RetryHere/, String(status))
      assert.strictEqual(verdict(rejected(status), { attempts: 2, attemptsHere: 2 }), "NextBackend", String(status))
    }
  })

  it("goes on at once after any other 5xx, Cloudflare's too", () => {
    for (const status of [501, 502, 503, 504, 520, 524, 529]) {
      assert.strictEqual(verdict(rejected(status)), "NextBackend", String(status))
    }
  })

  it("goes on at once where the backend refuses our key or lacks the model", () => {
    for (const status of [401, 402, 403, 404])
      assert.strictEqual(verdict(rejected(status)), "NextBackend", String(status))
  })

  it("stops where the request itself is at fault", () => {
    for (const status of [400, 413, 422]) assert.strictEqual(verdict(rejected(status)), "Stop", String(status))
  })

  it("never routes around a content policy", () => {
    for (const code of ["content_filter", "content_policy_violation"]) {
      for (const status of [400, 403, 429, 500]) assert.strictEqual(verdict(rejected(status, { code })), "Stop", code)
    }
    assert.strictEqual(verdict(rejected(403, { type: "content_filter_error" })), "Stop")
    assert.strictEqual(verdict(rejected(400, { code: "DataInspectionFailed" })), "Stop")
  })

  it("tries another model when the context is too long", () => {
    const wordings = [
      { code: "context_length_exceeded" },
      { message: "This model's maximum context length is 4096 tokens." },
      { message: "Your input exceeds the context window of this model." },
      { message: "the request exceeds the available context size" }
    ]
    for (const wording of wordings) assert.strictEqual(verdict(rejected(400, wording)), "NextModel")
    assert.strictEqual(verdict(rejected(413, { code: "context_length_exceeded" })), "NextModel")
  })

  it("does not ask another model where the answer's bound is too large, nor where tokens in time are spent", () => {
    const message = "'max_tokens' is too large: 9000. This model's maximum context length is 4096 tokens."
    assert.strictEqual(verdict(rejected(400, { message })), "Stop")
    assert.strictEqual(verdict(rejected(413, { message: "Limit 6000 tokens per minute: too many tokens" })), "Stop")
  })

  it("tries another model when the backend says context_length_exceeded, whatever status it chose", () => {
    for (const status of [500, 502]) {
      assert.strictEqual(verdict(rejected(status, { code: "context_length_exceeded" })), "NextModel", String(status))
    }
  })

  describe("after a 429", () => {
    const after = (seconds: number) => ({ after: Duration.seconds(seconds) })

    it("goes to a sibling at once, however short the wait", () => {
      assert.strictEqual(verdict(rejected(429, after(1))), "NextBackend")
      assert.strictEqual(verdict(rejected(429)), "NextBackend")
    })

    it("waits and retries once where no sibling is left and the wait is at most 5 s", () => {
      const alone = { siblingLeft: false }
      assert.strictEqual(verdict(rejected(429, after(0)), alone), "RetryHere 0")
      assert.strictEqual(verdict(rejected(429, after(5)), alone), "RetryHere 5000")
      assert.strictEqual(verdict(rejected(429, after(2)), { ...alone, attempts: 2, attemptsHere: 2 }), "NextBackend")
    })

    it("falls back where the wait is longer or unknown", () => {
      assert.strictEqual(verdict(rejected(429, after(5.001)), { siblingLeft: false }), "NextBackend")
      assert.strictEqual(verdict(rejected(429), { siblingLeft: false }), "NextBackend")
    })

    it("is not mistaken for a long context, whatever it says", () => {
      assert.strictEqual(verdict(rejected(429, { message: "maximum context length is 5" })), "NextBackend")
      assert.strictEqual(verdict(rejected(429, { code: "context_length_exceeded" })), "NextBackend")
      assert.strictEqual(verdict(rejected(429, { message: "too many tokens per minute" })), "NextBackend")
    })
  })

  it("asks the last one left once more when it refused quickly, and waits as long as it asks, within reason", () => {
    const last = { siblingLeft: false, remainingElsewhere: Duration.zero }
    for (const status of [502, 503, 504, 529]) {
      assert.strictEqual(verdict(rejected(status), last), "RetryHere 200", String(status))
      assert.strictEqual(verdict(rejected(status), { ...last, attempts: 2, attemptsHere: 2 }), "Stop", String(status))
    }
    assert.strictEqual(verdict(rejected(503, { after: Duration.seconds(3) }), last), "RetryHere 3000")
    assert.strictEqual(verdict(rejected(503, { after: Duration.seconds(6) }), last), "Stop")
  })

  it("asks as often as a backend's retries say, waiting twice as long each time", () => {
    assert.strictEqual(verdict(rejected(500), { retries: 0 }), "NextBackend")
    assert.strictEqual(verdict(rejected(500), { retries: 3, attempts: 3, attemptsHere: 3 }), "RetryHere 800")
    assert.strictEqual(verdict(rejected(500), { retries: 3, attempts: 4, attemptsHere: 4 }), "NextBackend")
  })

  it("waits after a 429 for as long as a backend's retry_after_max says", () => {
    const asked = rejected(429, { after: Duration.seconds(8) })
    assert.strictEqual(verdict(asked, { siblingLeft: false, retryAfterMax: Duration.seconds(10) }), "RetryHere 8000")
  })

  it("stops after the sixth attempt", () => {
    assert.strictEqual(RetryPolicy.maxAttempts, 6)
    assert.strictEqual(verdict(refused, { attempts: 5 }), "RetryHere 0")
    for (const failure of [refused, rejected(502), rejected(429), rejected(400, { code: "context_length_exceeded" })]) {
      assert.strictEqual(verdict(failure, { attempts: 6 }), "Stop")
    }
  })

  it("stops when no time is left, or less than the wait", () => {
    assert.strictEqual(verdict(rejected(502), { remainingElsewhere: Duration.zero, retries: 0 }), "Stop")
    assert.strictEqual(verdict(rejected(502), { remainingElsewhere: Duration.millis(1) }), "NextBackend")
    assert.strictEqual(verdict(rejected(500), { remaining: Duration.millis(200) }), "NextBackend")
    const nowhere = { remaining: Duration.millis(200), remainingElsewhere: Duration.zero }
    assert.strictEqual(verdict(rejected(500), nowhere), "Stop")
    assert.strictEqual(verdict(rejected(500), { remaining: Duration.millis(201) }), "RetryHere 200")
  })

  const anyFailure: fc.Arbitrary<AttemptFailure> = fc.oneof(
    fc.boolean().map((timedOut) => new Failure.ConnectFailed({ timedOut, cause: "x" })),
    fc.boolean().map((requestSent) => new Failure.ConnectionLost({ requestSent, cause: "x" })),
    fc.constantFrom<AttemptFailure>(
      new Failure.HeadersTimedOut({ after: Duration.zero }),
      new Failure.FirstTokenTimedOut({ after: Duration.zero }),
      new Failure.TotalTimedOut({ after: Duration.zero }),
      new Failure.ProtocolBroken({ reason: "x" }),
      new Failure.ResourcesExhausted({ what: "EMFILE", everywhere: true }),
      new Failure.ResourcesExhausted({ what: "EADDRNOTAVAIL", everywhere: false })
    ),
    fc
      .record({
        status: fc.oneof(fc.integer({ min: 100, max: 599 }), fc.constantFrom(400, 408, 409, 429, 500, 503)),
        after: fc.option(fc.integer({ min: 0, max: 10_000 })),
        code: fc.constantFrom("x", "context_length_exceeded", "content_filter")
      })
      .map(({ status, after, code }) =>
        rejected(status, { code, ...(after === null ? {} : { after: Duration.millis(after) }) })
      )
  )

  it("for any failures: a forward ends within 6 attempts, within its time, with no backend asked more than twice", () =>
    holds(
      fc.record({
        failures: fc.array(anyFailure, { minLength: 12, maxLength: 12 }),
        models: fc.array(fc.constantFrom("m", "n", "o"), { minLength: 1, maxLength: 8 }),
        draws: fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 12, maxLength: 12 }),
        remaining: fc.integer({ min: 1, max: 20_000 })
      }),
      ({ failures, models, draws, remaining: total }) => {
        let position = 0
        let attempts = 0
        let attemptsHere = 0
        let remaining = total
        while (position < models.length) {
          const failure = failures[attempts]
          if (failure === undefined) return assert.fail("it did not end")
          attempts++
          attemptsHere++
          assert.isAtMost(attempts, 6)
          assert.isAtMost(attemptsHere, 2)
          const decided = RetryPolicy.verdict(failure, {
            attempts,
            attemptsHere,
            retries: 1,
            retryAfterMax: Duration.seconds(5),
            siblingLeft: models[position + 1] === models[position],
            remaining: Duration.millis(remaining),
            remainingElsewhere: Duration.millis(remaining),
            draw: draws[attempts] ?? 0
          })
          if (decided._tag === "Stop") break
          if (decided._tag === "RetryHere") {
            remaining -= Duration.toMillis(decided.after)
            assert.isAbove(remaining, 0)
            continue
          }
          const here = models[position]
          position++
          while (decided._tag === "NextModel" && models[position] === here) position++
          attemptsHere = 0
        }
      },
      1_000
    ))
})
