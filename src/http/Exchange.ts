import type { IncomingMessage, ServerResponse } from "node:http"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HashSet from "effect/HashSet"
import * as ConfigRef from "../config/ConfigRef.js"
import type { Kind } from "../domain/ChatRequest.js"
import * as ClientAddress from "../domain/ClientAddress.js"
import * as Cors from "../domain/Cors.js"
import * as ExplainHeaders from "../domain/ExplainHeaders.js"
import type { GatewayFailure } from "../domain/Failure.js"
import { Draining } from "../domain/Failure.js"
import * as Journal from "../domain/Journal.js"
import { RelayEnd } from "../domain/Outcome.js"
import type { Crashed, Outcome } from "../domain/Outcome.js"
import type { RequestRecord } from "../domain/RequestRecord.js"
import * as WireError from "../domain/WireError.js"
import * as Fingerprint from "../log/Fingerprint.js"
import { RequestLog } from "../log/RequestLog.js"
import * as ResponseSink from "../upstream/ResponseSink.js"
import * as AccessLog from "./AccessLog.js"
import { Drain, drainFiberId } from "./Drain.js"
import * as RequestId from "./RequestId.js"
import * as Sink from "./CallerSink.js"

/** What a route needs to know to work for one exchange. */
export interface Exchange {
  readonly journal: Journal.Journal
  /** The configuration that the exchange keeps to its end. */
  readonly snapshot: ConfigRef.Snapshot
  /** To be run before the caller can see that its answer has ended; under `log.durability: sync` it writes the record. */
  readonly beforeEnd: (presumed: Outcome) => Effect.Effect<void>
  /** What the caller sends; its body has not been read. */
  readonly incoming: IncomingMessage
}

/** Runs the exchange of one request on a Node server; interrupting it tells that the caller has left. */
export type Handler<R> = (incoming: IncomingMessage, response: ServerResponse) => Effect.Effect<void, never, R>

/**
 * Runs one exchange to its true end and records it, whatever happens: the only place where a {@link GatewayFailure} is
 * answered, and the only one that records. `forward` can be interrupted and can fail; `relay` can do neither.
 */
export const handle =
  <A, R, R2>(
    kind: Kind,
    forward: (exchange: Exchange) => Effect.Effect<A, GatewayFailure, R>,
    relay: (exchange: Exchange, held: A, sink: ResponseSink.ResponseSink) => Effect.Effect<RelayEnd, never, R2>
  ): Handler<R | R2 | RequestLog | ConfigRef.ConfigRef | Drain> =>
  (incoming, response) =>
    Effect.withFiberRuntime<void, never, R | R2 | RequestLog | ConfigRef.ConfigRef | Drain>((fiber) =>
      Effect.gen(function* () {
        const log = yield* RequestLog
        const drain = yield* Drain
        const clock = yield* Effect.clock
        const snapshot = yield* (yield* ConfigRef.ConfigRef).current
        const { headers, socket, url = "" } = incoming
        const id = RequestId.make()
        const journal = Journal.open({
          id,
          kind,
          ip: ClientAddress.of(socket.remoteAddress, headers, snapshot.config.server.trustedProxies),
          caller: Fingerprint.ofRequest(headers, url),
          headers,
          startedAt: clock.unsafeCurrentTimeMillis()
        })
        let early: RequestRecord | undefined
        const close = (outcome: Outcome) => Journal.close(journal, outcome, clock.unsafeCurrentTimeMillis())
        const writeEarly = (presumed: Outcome) => Effect.suspend(() => log.record((early ??= close(presumed))))
        const beforeEnd = snapshot.config.log.durability === "sync" ? writeEarly : () => Effect.void
        const exchange: Exchange = { journal, snapshot, incoming, beforeEnd }
        const sink = Sink.make(response, () => ({
          ...Cors.headersFor(headers.origin, snapshot.config.server),
          ...(drain.isDraining() ? { connection: "close" } : {}),
          ...(snapshot.config.server.explainHeaders ? ExplainHeaders.of(journal) : {}),
          "x-request-id": id
        }))
        let cut = () => fiber.unsafeInterruptAsFork(drainFiberId)
        const leave = drain.enter(() => cut())

        const { maxInFlight, queue } = snapshot.config.server
        let leaveLine = () => {}
        const begun = drain.isDraining()
          ? new Draining()
          : Effect.zipRight(
              drain.admit(maxInFlight, queue, (leave) => (leaveLine = leave)),
              forward(exchange)
            )
        const exit = yield* Effect.exit(Effect.interruptible(begun))
        cut = sink.cut
        const outcome = yield* Exit.isSuccess(exit)
          ? relay(exchange, exit.value, sink).pipe(
              Effect.catchAllDefect((defect) => refuse(exchange, crashed(defect), sink))
            )
          : refuse(exchange, beforeCommit(exit.cause), sink)

        const record = close(outcome)
        if (early === undefined) yield* log.record(record)
        else if (early.Outcome !== record.Outcome) yield* log.record({ ...record, amends: true })
        yield* AccessLog.write(record)
        leaveLine()
        leave()
      }).pipe(Effect.uninterruptible)
    )

/** A handler as a route of a router, on a Node server. */
export const route = <R>(
  handler: Handler<R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, R | HttpServerRequest.HttpServerRequest> =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
    Effect.as(
      handler(NodeHttpServerRequest.toIncomingMessage(request), NodeHttpServerRequest.toServerResponse(request)),
      HttpServerResponse.empty()
    )
  )

/** {@link handle} as a {@link route}. */
export const answer = <A, R, R2>(
  kind: Kind,
  forward: (exchange: Exchange) => Effect.Effect<A, GatewayFailure, R>,
  relay: (exchange: Exchange, held: A, sink: ResponseSink.ResponseSink) => Effect.Effect<RelayEnd, never, R2>
): Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  never,
  R | R2 | RequestLog | ConfigRef.ConfigRef | Drain | HttpServerRequest.HttpServerRequest
> => route(handle(kind, forward, relay))

/** The outcome of an exchange that ended before anything was sent. */
const beforeCommit = (cause: Cause.Cause<GatewayFailure>): Outcome => {
  const failure = Cause.failureOption(cause)
  if (failure._tag === "Some") return failure.value
  if (!Cause.isInterruptedOnly(cause)) return crashed(Cause.squash(cause))
  return HashSet.has(Cause.interruptors(cause), drainFiberId) ? RelayEnd.CutByDrain() : RelayEnd.CallerLeft()
}

const crashed = (defect: unknown): Crashed => ({ _tag: "Crashed", defect })

// Sends the error response of an outcome that has one; the outcome stays what it was, whoever reads it.
const refuse = ({ beforeEnd, journal }: Exchange, outcome: Outcome, sink: Sink.CallerSink): Effect.Effect<Outcome> =>
  Effect.suspend(() => {
    const error = wireError(outcome)
    if (sink.breakOff()) return Effect.succeed(outcome)
    if (error !== undefined) journal.status = error.status
    const send = Effect.async<Outcome>((resume) => {
      const ended = () => resume(Effect.succeed(outcome))
      if (error === undefined) sink.end("", ended)
      else ResponseSink.sendJson(sink, error.status, error.headers, { error: error.error }, ended)
    })
    return Effect.zipRight(beforeEnd(outcome), send)
  })

const wireError = (outcome: Outcome): WireError.WireError | undefined => {
  switch (outcome._tag) {
    case "CutByDrain":
      return WireError.drained
    case "Completed":
    case "CallerLeft":
    case "UpstreamBroke":
    case "UpstreamErrored":
    case "UpstreamStalled":
      return undefined
    default:
      return WireError.fromFailure(outcome)
  }
}
