import * as Schema from "effect/Schema"
import * as ErrorBody from "./ErrorBody.js"
import {
  ConnectFailed,
  ConnectionLost,
  FirstTokenTimedOut,
  HeadersTimedOut,
  ProtocolBroken,
  ResourcesExhausted,
  TotalTimedOut,
  UpstreamRejected
} from "./AttemptFailure.js"
import type { AttemptFailure } from "./AttemptFailure.js"
import * as ToldRejection from "./ToldRejection.js"

// How the failure of an attempt leaves the process: as far as a caller over HTTP is told of it, for causes, reasons and a
// proxy's pages may tell of backends and addresses. Who reads it back answers as before.

const after = Schema.DurationFromMillis

const Rejection = Schema.TaggedStruct("UpstreamRejected", {
  status: Schema.Number,
  error: ErrorBody.ErrorBody,
  retryAfter: Schema.optionalWith(Schema.DurationFromMillis, { exact: true }),
  headers: Schema.optionalWith(Schema.Record({ key: Schema.String, value: Schema.String }), { exact: true })
})
interface Rejection extends Schema.Schema.Type<typeof Rejection> {}

const Attempt = Schema.Union(
  Schema.TaggedStruct("ConnectFailed", { timedOut: Schema.Boolean }),
  Schema.TaggedStruct("ConnectionLost", { requestSent: Schema.Boolean }),
  Schema.TaggedStruct("HeadersTimedOut", { after }),
  Schema.TaggedStruct("FirstTokenTimedOut", { after }),
  Schema.TaggedStruct("TotalTimedOut", { after }),
  Rejection,
  Schema.TaggedStruct("ProtocolBroken", {}),
  Schema.TaggedStruct("ResourcesExhausted", { everywhere: Schema.Boolean })
)
type Attempt = Schema.Schema.Type<typeof Attempt>

const rejected = ({ error, headers, retryAfter, status }: Rejection): UpstreamRejected =>
  new UpstreamRejected({ status, error, retryAfter, ...(headers === undefined ? {} : { headers }) })

const told = (failure: UpstreamRejected): Rejection => {
  const { headers, retryAfter } = failure
  return {
    _tag: "UpstreamRejected",
    ...ToldRejection.of(failure),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(headers === undefined ? {} : { headers })
  }
}

const untold = "not told"

const failed = (attempt: Attempt): AttemptFailure => {
  switch (attempt._tag) {
    case "ConnectFailed":
      return new ConnectFailed({ timedOut: attempt.timedOut, cause: untold })
    case "ConnectionLost":
      return new ConnectionLost({ requestSent: attempt.requestSent, cause: untold })
    case "HeadersTimedOut":
      return new HeadersTimedOut({ after: attempt.after })
    case "FirstTokenTimedOut":
      return new FirstTokenTimedOut({ after: attempt.after })
    case "TotalTimedOut":
      return new TotalTimedOut({ after: attempt.after })
    case "UpstreamRejected":
      return rejected(attempt)
    case "ProtocolBroken":
      return new ProtocolBroken({ reason: untold })
    case "ResourcesExhausted":
      return new ResourcesExhausted({ what: untold, everywhere: attempt.everywhere })
  }
}

const Failed = Schema.Union(
  Schema.instanceOf(ConnectFailed),
  Schema.instanceOf(ConnectionLost),
  Schema.instanceOf(HeadersTimedOut),
  Schema.instanceOf(FirstTokenTimedOut),
  Schema.instanceOf(TotalTimedOut),
  Schema.instanceOf(UpstreamRejected),
  Schema.instanceOf(ProtocolBroken),
  Schema.instanceOf(ResourcesExhausted)
)

/** The failure of an attempt, and what is told of it. */
export const ToldAttempt: Schema.Schema<AttemptFailure, Schema.Schema.Encoded<typeof Attempt>> = Schema.transform(
  Attempt,
  Failed,
  {
    strict: true,
    decode: failed,
    encode: (failure) => (failure._tag === "UpstreamRejected" ? told(failure) : failure)
  }
)

/** A rejection, and what is told of it. */
export const ToldRejected: Schema.Schema<UpstreamRejected, Schema.Schema.Encoded<typeof Rejection>> = Schema.transform(
  Rejection,
  Schema.instanceOf(UpstreamRejected),
  { strict: true, decode: rejected, encode: told }
)
