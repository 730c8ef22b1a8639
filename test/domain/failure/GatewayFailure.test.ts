import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as fc from "effect/FastCheck"
import * as Schema from "effect/Schema"
import type { ErrorBody } from "../../../src/domain/failure/ErrorBody.js"
import * as Failure from "../../../src/domain/failure/Failure.js"
import * as HttpStatus from "../../../src/domain/failure/HttpStatus.js"
import { RelayEnd } from "../../../src/domain/failure/Outcome.js"
import * as StreamFailure from "../../../src/domain/failure/StreamFailure.js"
import * as WireError from "../../../src/domain/failure/WireError.js"
import { holds } from "../generators.js"

const after = Duration.millis(1_500)

const Any = Schema.Union(
  Failure.BodyTooLarge,
  Failure.BodyTooComplex,
  Failure.BodyTimedOut,
  Failure.BodyMalformed,
  Failure.EncodingUnsupported,
  Failure.ModelNotFound,
  Failure.Draining,
  Failure.Overloaded,
  Failure.NoBackendAvailable,
  Failure.Rejected
)

const refusals = [
  new Failure.BodyTooLarge({ limit: 1 }),
  new Failure.BodyTooComplex({ excess: "depth", limit: 512 }),
  new Failure.BodyTimedOut({ after }),
  new Failure.BodyMalformed({ reason: "wrong", param: "messages" }),
  new Failure.EncodingUnsupported({ encoding: "x" }),
  new Failure.ModelNotFound({ model: "x" }),
  new Failure.Draining(),
  new Failure.Overloaded({ retryAfter: after })
]

const secret = "10.1.2.3:8000"
const cause = new Error(`connect ECONNREFUSED ${secret}`)

const word = fc.constantFrom(
  "wrong",
  "context_length_exceeded",
  "insufficient_quota",
  "image input is not supported",
  "This model's maximum context length is 8192 tokens",
  "The server is busy"
)

const anyError: fc.Arbitrary<ErrorBody> = fc.record({
  message: word,
  type: word,
  param: fc.constant(null),
  code: fc.option(word)
})

// The status of an error that came in a 200 has been made one of these before.
const anyRejection = fc
  .record({
    status: fc.constantFrom(307, 400, 401, 404, 408, 413, 422, 429, 500, 501, 502, 503, 504, 522, 524, 529),
    error: anyError,
    retryAfter: fc.constantFrom(undefined, after, Duration.minutes(2)),
    isForeign: fc.boolean(),
    headers: fc.constantFrom({}, { "openai-version": "1" })
  })
  .map((fields) => {
    // A page has neither a type nor a code of its own.
    const error = fields.isForeign ? { ...fields.error, type: "api_error", code: null } : fields.error
    return new Failure.UpstreamRejected({ ...fields, error, location: `http://${secret}` })
  })

const anyAttempt: fc.Arbitrary<Failure.AttemptFailure> = fc.oneof(
  anyRejection,
  fc.constantFrom<Failure.AttemptFailure>(
    new Failure.ConnectFailed({ timedOut: false, cause }),
    new Failure.ConnectFailed({ timedOut: true, cause }),
    new Failure.ConnectionLost({ requestSent: true, cause }),
    new Failure.HeadersTimedOut({ after }),
    new Failure.FirstTokenTimedOut({ after }),
    new Failure.TotalTimedOut({ after }),
    new Failure.ProtocolBroken({ reason: `no answer of ${secret}` }),
    new Failure.ResourcesExhausted({ what: secret, everywhere: true })
  )
)

const told = {
  attempts: fc.nat(9),
  retryAfter: fc.constantFrom(undefined, after),
  id: fc.constantFrom(undefined, "req_1")
}

const anyLast = fc.oneof(
  fc.record({ ...told, last: anyAttempt }).map((fields) => new Failure.NoBackendAvailable(fields)),
  fc.record({ ...told, last: anyRejection }).map((fields) => new Failure.Rejected(fields))
)

/** The JSON that leaves the process. */
const sent = (failure: Failure.GatewayFailure): string => JSON.stringify(Schema.encodeSync(Any)(failure))

const received = (json: string): Failure.GatewayFailure => Schema.decodeSync(Schema.parseJson(Any))(json)

describe("a failure in a host's API", () => {
  it("has the status under the name that the platform looks for", () => {
    assert.strictEqual<symbol>(HttpStatus.annotation, HttpApiSchema.AnnotationStatus)
    for (const failure of refusals) {
      const Class = Any.members.find(({ _tag }) => _tag === failure._tag)
      assert.strictEqual(HttpApiSchema.getStatusErrorAST(Class?.ast ?? Any.ast), Failure.toResponse(failure).status)
    }
    assert.strictEqual(HttpApiSchema.getStatusErrorAST(Failure.NoBackendAvailable.ast), 502)
    assert.strictEqual(HttpApiSchema.getStatusErrorAST(Failure.Rejected.ast), 400)
    assert.strictEqual(HttpApiSchema.getStatusErrorAST(StreamFailure.StreamFailure.ast), 502)
  })

  it("comes out as it went in", () => {
    for (const failure of refusals) {
      const back = received(sent(failure))
      assert.strictEqual(back.constructor, failure.constructor)
      assert.deepStrictEqual({ ...back }, { ...failure })
    }
    const failure = StreamFailure.fromEnd({ _tag: "CallerLeft" }, "req_1")
    const json = JSON.stringify(Schema.encodeSync(StreamFailure.StreamFailure)(failure))
    const back = Schema.decodeSync(Schema.parseJson(StreamFailure.StreamFailure))(json)
    assert.deepStrictEqual({ ...back }, { ...failure })
  })

  it("is answered as before, and tells no more than it would over HTTP", () =>
    holds(anyLast, (failure) => {
      const json = sent(failure)
      assert.notInclude(json, secret)
      const back = received(json)
      assert.strictEqual(back._tag, failure._tag)
      assert.deepStrictEqual(Failure.toResponse(back), Failure.toResponse(failure))
    }))

  it("hides what an error of a backend's own says of addresses", () => {
    const error = { message: `no route to http://${secret}/v1`, type: "x", param: null, code: null }
    const last = new Failure.UpstreamRejected({ status: 500, retryAfter: undefined, error })
    const json = sent(new Failure.NoBackendAvailable({ last, attempts: 1 }))
    assert.notInclude(json, secret)
    assert.include(json, "no route to")
  })
})

describe("toResponse", () => {
  it("has the id that the failure knows, and nothing where it knows none", () => {
    const { body, headers, status } = Failure.toResponse(new Failure.Overloaded({ retryAfter: after, id: "req_1" }))
    assert.strictEqual(status, 503)
    assert.deepStrictEqual(headers, {
      "content-type": "application/json",
      "retry-after": "2",
      "retry-after-ms": "1500",
      "x-request-id": "req_1"
    })
    assert.deepStrictEqual(body, {
      error: {
        message: "The server is overloaded. Try again later.",
        type: "server_error",
        param: null,
        code: "overloaded"
      }
    })
    assert.notProperty(Failure.toResponse(new Failure.Draining()).headers, "x-request-id")
  })

  it("answers for a stream that broke off before a host's own caller saw any of it", () => {
    const responses = [RelayEnd.UpstreamBroke({ reason: "x" }), RelayEnd.CutByDrain(), RelayEnd.CallerLeft()].map(
      (end) => Failure.toResponse(StreamFailure.fromEnd(end))
    )
    assert.deepStrictEqual(
      responses.map(({ body, headers, status }) => [status, headers["retry-after"], body]),
      [
        [502, undefined, { error: WireError.cutShort(RelayEnd.UpstreamBroke({ reason: "x" })) }],
        [503, "1", { error: WireError.drained.error }],
        [408, undefined, { error: { ...unread } }]
      ]
    )
  })
})

const unread = {
  message: "The answer was not read to its end in time.",
  type: "invalid_request_error",
  param: null,
  code: "unread"
}
