import type * as Either from "effect/Either"
import type { Backend } from "../backend/Backend.js"
import type { Headers } from "../backend/Credentials.js"
import type { Ask } from "../chat/Ask.js"
import type { Prepared } from "../chat/request/Prepare.js"
import type { BodyMalformed, ProtocolBroken, UpstreamRejected } from "../failure/Failure.js"
import type * as JsonObject from "../json/JsonObject.js"
import type { Target } from "../routing/RouteTable.js"
import type { SseEvent } from "../wire/SseEvents.js"

/** The words in which backends are asked and answer: translated from the hub's and to them. */
export interface BackendProtocol {
  /** Where a backend is asked, behind its `base_url`. */
  readonly path: (ask: Ask) => string
  /** Whether that is beside the version of its API, where its `base_url` ends with one, rather than below. */
  readonly isUnversioned?: true
  /** What it is sent besides the body. */
  readonly headers: (ask: Ask, backend: Backend, caller: Headers) => Record<string, string>
  /** What a target is asked; with `partial`, to go on with an answer that broke off there. */
  readonly body: (ask: Ask, target: Target, partial?: string) => Either.Either<Prepared, BodyMalformed>
  /** Reads one answer; undefined where backends answer in the hub's words, whose events then keep their text. */
  readonly decoder: ((ask: Ask) => Decoder) | undefined
  /** What an error response amounts to; `now` in ms since the epoch dates what it says of the time. */
  readonly rejection: (status: number, headers: Headers, body: string, now: number) => UpstreamRejected | ProtocolBroken
}

/** Reads one answer as chunks of the hub, which still need repair. */
export interface Decoder {
  /** What an event amounts to; an error of the backend is a chunk with an `error`. */
  readonly push: (event: SseEvent) => ReadonlyArray<JsonObject.JsonObject>
  /** What a body that holds a whole answer amounts to. */
  readonly whole: (body: JsonObject.JsonObject) => JsonObject.JsonObject
}
