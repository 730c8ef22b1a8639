import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Credentials from "../../domain/backend/Credentials.js"
import * as Secrets from "../../domain/backend/Secrets.js"
import * as Told from "../../domain/chat/answer/Told.js"
import type { Upload } from "../../domain/form/Upload.js"
import * as Operation from "../../domain/operation/Operation.js"
import { UpstreamRejected } from "../../domain/failure/Failure.js"
import type { AttemptFailure } from "../../domain/failure/Failure.js"
import type { Target } from "../../domain/routing/RouteTable.js"
import * as BackendUrl from "../BackendUrl.js"
import * as Decompress from "../Decompress.js"
import type { Connections } from "../Transport.js"
import * as UpstreamCall from "../UpstreamCall.js"
import { readText } from "../UpstreamHead.js"
import type { UpstreamHead } from "../UpstreamHead.js"
import type { AnswerReader, Context } from "./AnswerReader.js"
import * as Limits from "./Limits.js"

/** An answer that is ready to be committed, of which so much has been read as its reader wants to have. */
export interface Answer<A> {
  readonly target: Target
  /** The backend's headers that the caller may see. */
  readonly headers: Record<string, string>
  readonly content: A
  /** When `timeouts.total` has passed, in ms since the epoch. */
  readonly deadline: number
}

/** How an attempt goes on with an answer that has broken off. */
export interface Resumption {
  readonly mode: "restart" | "continue"
  /** What the caller has of it, if the backend is to be told. */
  readonly partial: string | undefined
  /** The prefix to put before the first content, whoever's it is. */
  readonly prefix: string
}

/** What an attempt is made with. */
export interface Options<A> extends Context {
  /** The body to send, as JSON text. */
  readonly body: string
  /** What is sent in its place, which it tells of. */
  readonly upload?: Upload | undefined
  readonly connections: Connections
  readonly reader: AnswerReader<A>
  /** What is done beside it while it is silent. */
  readonly beside?: UpstreamCall.Beside | undefined
}

const asJson = { "content-type": "application/json" }

/** Error bodies are read up to this size, in bytes; some quote the request. */
const maxErrorBody = 64 * 1024

/** So long the body of an error is waited for, in ms. */
const errorPatience = 5_000

/** One try against one backend, up to where its answer can be committed to. Its failures hold no secret. */
export const make = <A>(options: Options<A>): Effect.Effect<Answer<A>, AttemptFailure> => {
  const seen: Seen = { headers: undefined }
  return Effect.mapError(call(options, seen), (failure) => {
    const told = Told.failure(failure, options.target.backend, options.callerHeaders)
    return told._tag === "UpstreamRejected" && seen.headers !== undefined
      ? new UpstreamRejected({ ...told, headers: seen.headers })
      : told
  })
}

/** What has been seen of the answer, however the attempt ends. */
interface Seen {
  /** The backend's headers that the caller may see. */
  headers: Record<string, string> | undefined
}

const call = Effect.fnUntraced(function* <A>(options: Options<A>, seen: Seen) {
  const { ask, beside, callerHeaders, connections, protocol, reader, scope, target, times, upload } = options
  const { backend } = target
  const { origin, path } = BackendUrl.of(target, protocol.path(ask), protocol.isUnversioned)
  const compressed = yield* UpstreamCall.open(scope, connections, {
    origin,
    path,
    method: "POST",
    headers: Object.assign(
      protocol.headers(ask, backend, callerHeaders),
      upload === undefined ? asJson : { "content-type": upload.type, "content-length": String(upload.length) }
    ),
    body: upload ?? options.body,
    connectTimeout: backend.timeouts.connect,
    // The first of sound or of images comes when all of it is made.
    headLimit: Limits.head(times, ask.stream && Operation.isConversation(ask.operation)),
    beside
  })
  const plain = Decompress.head(compressed)
  if (Either.isLeft(plain)) return yield* plain.left
  const head = plain.right
  const headers = Secrets.hideInHeaders(Credentials.callerHeaders(head.headers, backend), backend)
  seen.headers = headers
  if (head.status < 200 || head.status > 299) return yield* Effect.flatMap(rejection(head, options), Effect.fail)
  const content = yield* reader(head, options)
  return { target, headers, content, deadline: times.deadline }
})

// An error response, as what it says of the attempt. The status alone says enough when the rest does not come.
const rejection = (head: UpstreamHead, { protocol, scope, times }: Context) =>
  Effect.suspend(() => {
    head.setPatience(Limits.untilEnd(times, errorPatience))
    return Effect.orElseSucceed(readText(scope, head, maxErrorBody), () => "")
  }).pipe(Effect.map((said) => protocol.rejection(head.status, head.headers, said, times.clock.date())))
