import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { Headers } from "../domain/backend/Credentials.js"
import * as RequestText from "../domain/chat/request/RequestText.js"
import { withId } from "../domain/failure/GatewayFailure.js"
import type { CompletionFailure } from "../domain/failure/GatewayFailure.js"
import type { Outcome, RelayEnd } from "../domain/failure/Outcome.js"
import { Draining } from "../domain/failure/Refusal.js"
import * as StreamFailure from "../domain/failure/StreamFailure.js"
import type { ClientProtocol } from "../domain/protocol/ClientProtocol.js"
import type { Journal } from "../domain/record/Journal.js"
import * as Alarm from "../flow/Alarm.js"
import * as Fingerprint from "../records/store/Fingerprint.js"
import * as Relay from "../relay/Relay.js"
import type { AnswerReader } from "../upstream/attempt/AnswerReader.js"
import * as ChatReader from "../upstream/attempt/ChatReader.js"
import type { Forwarded } from "../upstream/forward/Forwarded.js"
import { Forwarder } from "../upstream/forward/Forwarder.js"
import * as Exchange from "./Exchange.js"
import { LocalSink } from "./LocalSink.js"
import * as RequestId from "./RequestId.js"

/** What a call works with. */
export type Services = Exchange.Services | Forwarder

/**
 * Who asks.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The caller's key, which goes to backends that have none of their own. */
  readonly apiKey?: Redacted.Redacted
  /** The caller's headers; those that may go upstream do. */
  readonly headers?: Readonly<Record<string, string>>
  /** The caller's address, for the record. Default: none. */
  readonly ip?: string
  /** The id of the record; the log keeps the first record of an id. Default: a new one. */
  readonly id?: string
}

/** What is asked, in the words of its protocol. */
export interface Body {
  readonly model: string
  readonly stream: boolean
}

/** An exchange of the process's own. */
export interface Call {
  /** Of its record. */
  readonly id: string
  readonly sink: LocalSink
  /** How it ended, when it has. */
  readonly outcome: Effect.Effect<Outcome>
  readonly isCommitted: () => boolean
}

/** How one kind of answer is read, and moved to the caller. */
export interface Way<A> {
  readonly reader: (reader: ChatReader.ChatReader) => AnswerReader<A>
  readonly relay: (exchange: Exchange.Exchange, forwarded: Forwarded<A>, sink: LocalSink) => Effect.Effect<RelayEnd>
}

/** An answer in one piece. */
export const whole: Way<ChatReader.Whole> = {
  reader: ({ whole }) => whole,
  relay: (exchange, forwarded, sink) => Relay.relayWhole(exchange, forwarded, ({ text }) => text, sink)
}

/** An answer as it comes. */
export const streamed: Way<ChatReader.Streamed> = {
  reader: ({ streamed }) => streamed,
  relay: (exchange, forwarded, sink) => Relay.relayStream(exchange, forwarded, sink.delivery)
}

/** A log that takes longer for a record is not waited for, in ms; with any other the row is there when the call is over. */
const recordWithin = 20

/**
 * Begins an exchange in a fiber of its own: the drain may cut it, and it ends in its own time when the caller leaves,
 * which is the end of the scope.
 */
export const begin = <A>(
  services: Context.Context<Services>,
  protocol: ClientProtocol,
  body: Body,
  options: Options,
  { reader, relay }: Way<A>
): Effect.Effect<Call, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { forward } = Context.get(services, Forwarder)
    const caller = callerOf(options)
    const sink = new LocalSink()
    const ended = yield* Deferred.make<Outcome>()
    let committed = false
    const patience = Alarm.make()
    const onEnd = (outcome: Outcome) =>
      patience.set(recordWithin, () => Deferred.unsafeDone(ended, Effect.succeed(outcome)))
    const exchange = Exchange.run(
      { protocol, caller: () => caller, sink: () => sink, onEnd },
      {
        receive: (exchange) =>
          // Through JSON, as over HTTP: what the caller does with its objects meanwhile changes nothing here.
          Effect.flatMap(RequestText.of(body, exchange.snapshot.config.server.maxBody), (text) =>
            Effect.flatMap(exchange.bytes.hold(text.length), () => Exchange.decode(exchange, text))
          ),
        obtain: (exchange, ask) => forward(exchange, ask, reader(ChatReader.of(protocol.operation))),
        relay: (exchange, forwarded) =>
          Effect.suspend(() => {
            committed = true
            return Effect.zipRight(annotate(exchange.journal), relay(exchange, forwarded, sink))
          })
      }
    )
    const running = Effect.intoDeferred(Effect.provide(exchange, services), ended)
    yield* Effect.acquireRelease(Effect.forkDaemon(running), (fiber) => {
      sink.leave()
      const over = Effect.exit(Deferred.await(ended))
      return Fiber.interruptFork(fiber).pipe(
        Effect.zipRight(over),
        Effect.ensuring(Effect.sync(() => patience.clear()))
      )
    })
    return { id: caller.id, sink, outcome: Deferred.await(ended), isCommitted: () => committed }
  })

const annotate = ({ attempts, backend, id, model }: Journal): Effect.Effect<void> =>
  Effect.annotateCurrentSpan({ id, backend, model, attempts: attempts.length })

/** The headers that a caller over HTTP would have sent. */
export const headersOf = ({ apiKey, headers = {} }: Options): Headers => ({
  ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
  ...(apiKey === undefined ? {} : { authorization: `Bearer ${Redacted.value(apiKey)}` })
})

const callerOf = (options: Options) => {
  const { id = RequestId.make(), ip = "" } = options
  const headers = headersOf(options)
  return { id, ip, caller: Fingerprint.ofRequest(headers, ""), headers }
}

/** What a call of a whole answer ended with, if it has: the text. */
export const answerOf = ({ id, outcome, sink }: Call): Effect.Effect<string, CompletionFailure> =>
  Effect.flatMap(outcome, (how) => textOf(how, sink, id))

const textOf = (outcome: Outcome, sink: LocalSink, id: string): Effect.Effect<string, CompletionFailure> => {
  switch (outcome._tag) {
    case "Completed":
      return Effect.sync(() => sink.last())
    case "CallerLeft":
      return Effect.interrupt
    case "CutByDrain":
      return new Draining({ id })
    case "Crashed":
      return Effect.die(outcome.defect)
    case "UpstreamBroke":
    case "UpstreamErrored":
    case "UpstreamStalled":
      return Effect.dieMessage(`A whole answer cannot end as ${outcome._tag}`)
    case "BodyTimedOut":
    case "EncodingUnsupported":
      return Effect.die(outcome)
    default:
      return Effect.fail(withId(outcome, id))
  }
}

/** What a call of a stream ended with: nothing, where it has ended well. */
export const endOf = ({
  id,
  isCommitted,
  outcome
}: Call): Effect.Effect<never, Option.Option<CompletionFailure | StreamFailure.StreamFailure>> =>
  Effect.flatMap(outcome, (how) => failureOf(how, isCommitted(), id))

const failureOf = (
  outcome: Outcome,
  committed: boolean,
  id: string
): Effect.Effect<never, Option.Option<CompletionFailure | StreamFailure.StreamFailure>> => {
  switch (outcome._tag) {
    case "Completed":
      return Effect.fail(Option.none())
    case "CallerLeft":
      return committed ? Effect.fail(Option.some(StreamFailure.fromEnd(outcome, id))) : Effect.interrupt
    case "CutByDrain":
      return Effect.fail(Option.some(committed ? StreamFailure.fromEnd(outcome, id) : new Draining({ id })))
    case "Crashed":
      return Effect.die(outcome.defect)
    case "UpstreamBroke":
    case "UpstreamErrored":
    case "UpstreamStalled":
      return Effect.fail(Option.some(StreamFailure.fromEnd(outcome, id)))
    case "BodyTimedOut":
    case "EncodingUnsupported":
      return Effect.die(outcome)
    default:
      return Effect.fail(Option.some(withId(outcome, id)))
  }
}
