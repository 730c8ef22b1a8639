import * as Duration from "effect/Duration"
import type { ErrorBody } from "../../src/domain/failure/ErrorBody.js"
import * as Failure from "../../src/domain/failure/Failure.js"
import { RelayEnd } from "../../src/domain/failure/Outcome.js"
import type { Crashed } from "../../src/domain/failure/Outcome.js"
import * as WireError from "../../src/domain/failure/WireError.js"
import * as RetryPolicy from "../../src/domain/failover/RetryPolicy.js"

/** A row of a table, by its first cell; the cells that the code decides, by the heads of their columns. */
export type Rows = ReadonlyMap<string, Readonly<Record<string, string>>>

/** One example of each member of a union, by its tag: the compiler says when one is missing. */
type EachOf<A extends { readonly _tag: string }> = { readonly [T in A["_tag"]]: Extract<A, { readonly _tag: T }> }

/** The same with several for those that are told in more than one way, by what tells them apart. */
type AllOf<A extends { readonly _tag: string }> = {
  readonly [T in A["_tag"]]: Readonly<Record<string, Extract<A, { readonly _tag: T }>>>
}

const cause = new Error("cause")
const after = Duration.seconds(1)
const limit = 1

const refusals: EachOf<Exclude<Failure.GatewayFailure, Failure.NoBackendAvailable | Failure.Rejected> | Crashed> = {
  BodyTooLarge: new Failure.BodyTooLarge({ limit }),
  BodyTooComplex: new Failure.BodyTooComplex({ excess: "values", limit }),
  BodyTimedOut: new Failure.BodyTimedOut({ after }),
  BodyMalformed: new Failure.BodyMalformed({ reason: "wrong", param: null }),
  EncodingUnsupported: new Failure.EncodingUnsupported({ encoding: "x" }),
  ModelNotFound: new Failure.ModelNotFound({ model: "x" }),
  Draining: new Failure.Draining(),
  Overloaded: new Failure.Overloaded({ retryAfter: after }),
  Crashed: { _tag: "Crashed", defect: cause }
}

const atTheDoor: Readonly<Record<string, Failure.Forbidden | Failure.HostRepeated>> = {
  "`Forbidden`, a host": new Failure.Forbidden({ what: "host", value: "x" }),
  "`Forbidden`, an origin": new Failure.Forbidden({ what: "origin", value: "x" }),
  "`HostRepeated`": new Failure.HostRepeated()
}

const itsOwn: ErrorBody = { message: "said", type: "the backend's", param: null, code: "the backend's" }

const rejected = (status: number, code = itsOwn.code) =>
  new Failure.UpstreamRejected({ status, retryAfter: undefined, error: { ...itsOwn, code } })

const attempts: AllOf<Failure.AttemptFailure> = {
  ConnectFailed: {
    refused: new Failure.ConnectFailed({ timedOut: false, cause }),
    late: new Failure.ConnectFailed({ timedOut: true, cause })
  },
  ConnectionLost: { "": new Failure.ConnectionLost({ requestSent: true, cause }) },
  HeadersTimedOut: { "": new Failure.HeadersTimedOut({ after }) },
  FirstTokenTimedOut: { "": new Failure.FirstTokenTimedOut({ after }) },
  TotalTimedOut: { "": new Failure.TotalTimedOut({ after }) },
  ProtocolBroken: { "": new Failure.ProtocolBroken({ reason: "wrong" }) },
  ResourcesExhausted: {
    "for one backend": new Failure.ResourcesExhausted({ what: "EADDRNOTAVAIL", everywhere: false }),
    "for all": new Failure.ResourcesExhausted({ what: "EMFILE", everywhere: true })
  },
  UpstreamRejected: {
    "400": rejected(400),
    "413": rejected(413),
    "422": rejected(422),
    "content policy": rejected(400, "content_filter"),
    "context too long": rejected(400, "context_length_exceeded"),
    "401": rejected(401),
    "402": rejected(402),
    "403": rejected(403),
    "404": rejected(404),
    "408": rejected(408),
    "409": rejected(409),
    "429": rejected(429),
    "500": rejected(500),
    "502": rejected(502),
    "503": rejected(503),
    "529": rejected(529),
    "500 with a page": new Failure.UpstreamRejected({ ...rejected(500), isForeign: true }),
    "input not taken": new Failure.UpstreamRejected({
      ...rejected(500),
      error: { ...itsOwn, message: "image input is not supported" }
    }),
    "504": rejected(504),
    "522": rejected(522),
    "524": rejected(524)
  }
}

const ends: EachOf<RelayEnd> = {
  Completed: RelayEnd.Completed(),
  UpstreamBroke: RelayEnd.UpstreamBroke({ reason: "broke" }),
  UpstreamErrored: RelayEnd.UpstreamErrored({ status: 500, error: itsOwn }),
  UpstreamStalled: RelayEnd.UpstreamStalled({ after }),
  CallerLeft: RelayEnd.CallerLeft(),
  CutByDrain: RelayEnd.CutByDrain()
}

const responseOf = ({ error, status }: WireError.WireError) => ({ status: String(status), ...errorOf(error) })

const errorOf = ({ code, type }: ErrorBody) => ({ type: quoted(type), code: code === null ? "" : quoted(code) })

const quoted = (text: string): string => (text === itsOwn.type ? text : `\`${text}\``)

/** What follows where another backend of the model is left, and all the time that there may be. */
const situation: RetryPolicy.Situation = {
  attempts: 1,
  attemptsHere: 1,
  retries: 1,
  retryAfterMax: after,
  siblingLeft: true,
  remaining: Duration.minutes(1),
  remainingElsewhere: Duration.minutes(1),
  draw: 0
}

const words: Readonly<Record<RetryPolicy.Verdict["_tag"], string>> = {
  RetryHere: "this one again, then the next",
  NextBackend: "the next",
  NextModel: "the next of another model",
  Stop: "no"
}

const attemptRow = (failure: Failure.AttemptFailure) => ({
  ...responseOf(WireError.fromFailure(new Failure.NoBackendAvailable({ last: failure, attempts: 1 }))),
  "another backend": words[RetryPolicy.verdict(failure, situation)._tag]
})

const endRow = (end: RelayEnd) => ({
  ...(end._tag === "Completed" || end._tag === "CallerLeft"
    ? { type: "", code: "" }
    : errorOf(WireError.cutShort(end))),
  "another backend": end instanceof Error ? "as `rescue` says" : "no"
})

/** The rows that the code makes, of all tables together. */
export const rows: Rows = new Map<string, Readonly<Record<string, string>>>([
  ...Object.entries(refusals).map(
    ([tag, failure]) => [`\`${tag}\``, responseOf(WireError.fromFailure(failure))] as const
  ),
  ...Object.entries(atTheDoor).map(([label, refused]) => [label, responseOf(WireError.fromRefused(refused))] as const),
  ...Object.entries<Readonly<Record<string, Failure.AttemptFailure>>>(attempts).flatMap(([tag, kinds]) =>
    Object.entries(kinds).map(
      ([kind, failure]) => [kind === "" ? `\`${tag}\`` : `\`${tag}\`, ${kind}`, attemptRow(failure)] as const
    )
  ),
  ...Object.entries(ends).map(([tag, end]) => [`\`${tag}\``, endRow(end)] as const)
])

/** The rows of a page's tables, by their first cells. */
export const read = (markdown: string): Rows => {
  const found = new Map<string, Readonly<Record<string, string>>>()
  for (const [table] of markdown.matchAll(/(?:^\|.*\|\n)+/gm)) {
    const [head = [], , ...body] = table.trimEnd().split("\n").map(cellsOf)
    for (const cells of body) {
      found.set(cells[0] ?? "", Object.fromEntries(head.map((name, at) => [name, cells[at] ?? ""])))
    }
  }
  return found
}

const cellsOf = (line: string): ReadonlyArray<string> =>
  line
    .slice(1, -1)
    .split("|")
    .map((cell) => cell.trim())
