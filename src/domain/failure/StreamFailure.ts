import * as Schema from "effect/Schema"
import * as ErrorBody from "./ErrorBody.js"
import * as HttpStatus from "./HttpStatus.js"
import * as Identified from "./Identified.js"
import type { RelayEnd } from "./Outcome.js"
import * as WireError from "./WireError.js"

/**
 * A stream ended before its answer did, and after its beginning was given out; what came of it is not the whole. An
 * `HttpApi` answers it with 502.
 *
 * @example
 * ```ts
 * import { Completions } from "causeway"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * export const whatCame = Stream.unwrap(
 *   Effect.map(Completions.Completions, ({ stream }) =>
 *     stream({ model: "demo", messages: [{ role: "user", content: "Hello" }] })
 *   )
 * ).pipe(
 *   Stream.map(({ choices }) => choices[0]?.delta.content ?? ""),
 *   Stream.catchTag("StreamFailure", ({ reason }) => Stream.make(`… (${reason})`))
 * )
 * ```
 *
 * @category failures
 * @since 0.1.0
 */
export class StreamFailure extends Schema.TaggedError<StreamFailure>()(
  "StreamFailure",
  {
    /**
     * `broke`: the backend's stream ended early. `stalled`: it fell silent. `errored`: it reported an error. `drained`: the
     * gateway stopped. `unread`: the caller did not take the rest in time.
     */
    reason: Schema.Literal("broke", "stalled", "errored", "drained", "unread"),
    /** What a caller over HTTP is told in that case; it names no backend, key or address. */
    error: ErrorBody.ErrorBody,
    ...Identified.fields
  },
  HttpStatus.of(502)
) {
  override get message() {
    return this.error.message
  }
}

/**
 * The failure of a stream that ended so, whose record has this id.
 *
 * @category functions
 * @since 0.1.0
 */
export const fromEnd = (end: Exclude<RelayEnd, { readonly _tag: "Completed" }>, id?: string): StreamFailure =>
  new StreamFailure({
    reason: reasons[end._tag],
    error: end._tag === "CallerLeft" ? unread : WireError.cutShort(end),
    id
  })

/**
 * How a host may answer whose own caller has seen nothing of the stream yet.
 *
 * @category functions
 * @since 0.1.0
 */
export const beforeBeginning = ({ error, reason }: StreamFailure): WireError.WireError =>
  reason === "drained" ? WireError.drained : { status: reason === "unread" ? 408 : 502, headers: {}, error }

const reasons = {
  UpstreamBroke: "broke",
  UpstreamStalled: "stalled",
  UpstreamErrored: "errored",
  CutByDrain: "drained",
  CallerLeft: "unread"
} as const

const unread: ErrorBody.ErrorBody = {
  message: "The answer was not read to its end in time.",
  type: "invalid_request_error",
  param: null,
  code: "unread"
}
