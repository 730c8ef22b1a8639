import type { Backend } from "../../backend/Backend.js"
import type { Headers } from "../../backend/Credentials.js"
import { UpstreamBroke, UpstreamErrored } from "../../failure/AnswerFailure.js"
import type { AnswerFailure } from "../../failure/AnswerFailure.js"
import * as ErrorBody from "../../failure/ErrorBody.js"
import { ConnectFailed, ConnectionLost, ProtocolBroken, reasonOf, UpstreamRejected } from "../../failure/Failure.js"
import type { AttemptFailure } from "../../failure/Failure.js"
import * as Secrets from "../../backend/Secrets.js"

/** What an error says beside its four fields may be this long as JSON, in characters; what does not fit is left out. */
const mostExtras = 16 * 1024

/** A failure of an attempt as it may be told to anybody, and be logged and recorded: it holds no secret. */
export const failure = (given: AttemptFailure, backend: Backend, caller: Headers): AttemptFailure => {
  switch (given._tag) {
    case "UpstreamRejected":
      return new UpstreamRejected({
        ...given,
        error: error(given.error, backend, caller),
        ...(given.location === undefined ? {} : { location: Secrets.withoutKeys(given.location, backend, caller) })
      })
    case "ProtocolBroken":
      return new ProtocolBroken({ ...given, reason: Secrets.withoutKeys(given.reason, backend, caller) })
    case "ConnectFailed":
    case "ConnectionLost":
      return withReason(given, Secrets.withoutKeys(reasonOf(given.cause), backend, caller))
    case "HeadersTimedOut":
    case "FirstTokenTimedOut":
    case "TotalTimedOut":
    case "ResourcesExhausted":
      return given
  }
}

/** The same for what ended an answer in its middle. */
export const answerFailure = (given: AnswerFailure, backend: Backend, caller: Headers): AnswerFailure => {
  switch (given._tag) {
    case "UpstreamStalled":
      return given
    case "UpstreamErrored":
      return new UpstreamErrored({ ...given, error: error(given.error, backend, caller) })
    case "UpstreamBroke":
      return new UpstreamBroke({ reason: Secrets.withoutKeys(given.reason, backend, caller) })
  }
}

const error = (given: ErrorBody.ErrorBody, backend: Backend, caller: Headers): ErrorBody.ErrorBody =>
  // What stands for a secret may be longer than the secret.
  ErrorBody.bounded(
    ErrorBody.mapTexts(ErrorBody.bounded(given, mostExtras), Secrets.hiddenFrom(backend, caller)),
    mostExtras
  )

// The cause stays where it says nothing: what it is may still matter.
const withReason = (given: ConnectFailed | ConnectionLost, reason: string): ConnectFailed | ConnectionLost => {
  if (reason === reasonOf(given.cause)) return given
  return given._tag === "ConnectFailed"
    ? new ConnectFailed({ ...given, cause: reason })
    : new ConnectionLost({ ...given, cause: reason })
}
