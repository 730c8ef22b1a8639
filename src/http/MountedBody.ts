import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { BodyTimedOut, BodyTooLarge, EncodingUnsupported } from "../domain/failure/Failure.js"
import type { Form } from "../domain/form/Form.js"
import type { Exchange } from "../exchange/Exchange.js"
import * as Alarm from "../flow/Alarm.js"
import { Gathered } from "../flow/Gathered.js"
import * as Decompress from "../upstream/Decompress.js"
import * as FormBody from "./FormBody.js"
import * as RequestBody from "./RequestBody.js"

type Text = Effect.Effect<string, RequestBody.BodyFailure>

/**
 * The text of the body of a mounted request, by the rules of {@link RequestBody.read}. One that the host has read before
 * is taken from its request.
 */
export const read = (request: HttpServerRequest.HttpServerRequest, scope: Scope.Scope, exchange: Exchange): Text => {
  const { server } = exchange.snapshot.config
  const encoding = RequestBody.encodingOf(request.headers["content-encoding"])
  const isPlain = encoding === undefined
  if (!isPlain && !Decompress.isKnown(encoding)) return new EncodingUnsupported({ encoding })
  if (wasRead(request)) return isPlain ? again(request, exchange) : new EncodingUnsupported({ encoding })
  const announced = Number(request.headers["content-length"] ?? 0)
  if (announced > server.maxBody) return new BodyTooLarge({ limit: server.maxBody })
  if (isEmpty(request)) return Effect.succeed("")
  // A body that breaks off is a caller that has left.
  const bytes = Stream.catchAll(request.stream, () => Stream.fromEffect(Effect.interrupt))
  if (isPlain) return gathered(bytes, announced, scope, exchange)
  return gathered(unpacked(bytes, encoding), 0, scope, exchange)
}

/** The form that a mounted request is, by the rules of {@link FormBody.read}; of one that the host has read nothing is left. */
export const form = (
  request: HttpServerRequest.HttpServerRequest,
  scope: Scope.Scope,
  exchange: Exchange
): Effect.Effect<Form, RequestBody.BodyFailure> =>
  Effect.gen(function* () {
    const encoding = RequestBody.encodingOf(request.headers["content-encoding"])
    if (encoding !== undefined && !Decompress.isKnown(encoding)) return yield* new EncodingUnsupported({ encoding })
    if (wasRead(request)) return yield* Effect.dieMessage(gone)
    const plain = isEmpty(request)
      ? Stream.empty
      : Stream.catchAll(request.stream, () => Stream.fromEffect(Effect.interrupt))
    const body = encoding === undefined ? plain : unpacked(plain, encoding)
    const next = Effect.map(orEnd(yield* Scope.extend(Stream.toPull(body), scope)), Option.getOrUndefined)
    const announced = encoding === undefined ? Number(request.headers["content-length"] ?? 0) : 0
    return yield* FormBody.gather(next, { type: request.headers["content-type"] ?? "", announced }, exchange)
  })

// What came over a socket has been read by whoever looked at it; on the web it says so.
const wasRead = (request: HttpServerRequest.HttpServerRequest): boolean =>
  isTrue(request.source, "readableDidRead") || isTrue(request.source, "bodyUsed")

const isTrue = (source: unknown, name: string): boolean => Predicate.hasProperty(source, name) && source[name] === true

const isEmpty = ({ source }: HttpServerRequest.HttpServerRequest): boolean =>
  Predicate.hasProperty(source, "body") && source.body === null

/** So long a text that has been read to its end may take to be there, in ms: it is there, or never will be. */
const atHand = 100

// The request keeps a text that was asked for, but another request, made of it for a path below, does not.
const again = (request: HttpServerRequest.HttpServerRequest, { bytes, snapshot }: Exchange): Text =>
  Effect.gen(function* () {
    const { bodyTimeout, maxBody } = snapshot.config.server
    // Whoever reads it beside us may not be done.
    const patience = isTrue(request.source, "readableEnded") ? atHand : bodyTimeout
    const kept = Effect.timeoutOption(Effect.disconnect(request.text), patience)
    const text = Option.getOrUndefined(yield* Effect.catchAll(kept, () => Effect.succeedNone))
    if (text === undefined) return yield* Effect.dieMessage(gone)
    if (Buffer.byteLength(text) > maxBody) return yield* new BodyTooLarge({ limit: maxBody })
    yield* bytes.hold(text.length)
    return RequestBody.withoutMark(text)
  })

const gone =
  "The body was read before it came to the gateway, and the request does not keep it: mount the routes by Gateway.routesAt or Gateway.layerRoutes, and read it as text."

const unpacked = (
  bytes: Stream.Stream<Uint8Array>,
  encoding: string
): Stream.Stream<Uint8Array, RequestBody.BodyFailure> =>
  Stream.suspend((): Stream.Stream<Uint8Array, RequestBody.BodyFailure> => {
    const decoder = Decompress.decoderFor(encoding)
    return decoder === undefined ? bytes : NodeStream.pipeThroughDuplex(bytes, () => decoder, RequestBody.undecoded)
  })

// The host's stream closes the connection when it is given up, so it is when the answer has been sent.
const gathered = (
  body: Stream.Stream<Uint8Array, RequestBody.BodyFailure>,
  announced: number,
  scope: Scope.Scope,
  exchange: Exchange
): Text =>
  Effect.suspend(() => {
    const after = exchange.snapshot.config.server.bodyTimeout
    const late = () => new BodyTimedOut({ after })
    const silence = Alarm.make()
    let watch = () => {}
    const tooLate = Effect.async<never, BodyTimedOut>((resume) => {
      watch = () => silence.set(Duration.toMillis(after), () => resume(late()))
      watch()
      return Effect.sync(() => silence.clear())
    })
    const caller = { late, isWaitedFor: () => watch(), isNotWaitedFor: () => silence.clear() }
    return Effect.raceFirst(pulled(body, announced, scope, exchange, caller), tooLate)
  })

/** Who sends a body. */
interface Sender {
  readonly late: () => BodyTimedOut
  readonly isWaitedFor: () => void
  readonly isNotWaitedFor: () => void
}

const orEnd = <A, E>(pull: Effect.Effect<A, Option.Option<E>>): Effect.Effect<Option.Option<A>, E> =>
  Effect.matchEffect(pull, {
    onFailure: Option.match({ onNone: () => Effect.succeedNone, onSome: (failure) => Effect.fail(failure) }),
    onSuccess: (pieces) => Effect.succeedSome(pieces)
  })

const pulled = Effect.fnUntraced(function* (
  body: Stream.Stream<Uint8Array, RequestBody.BodyFailure>,
  announced: number,
  scope: Scope.Scope,
  { bytes, clock, snapshot }: Exchange,
  caller: Sender
) {
  const { bodyTimeout, maxBody } = snapshot.config.server
  const next = orEnd(yield* Scope.extend(Stream.toPull(body), scope))
  const all = new Gathered()
  let held = RequestBody.small
  let startedAt = clock.now()
  for (;;) {
    const pieces = yield* next
    if (Option.isNone(pieces)) return RequestBody.withoutMark(all.take().toString("utf8"))
    caller.isWaitedFor()
    for (const piece of pieces.value) all.push(piece)
    const size = all.size()
    if (size > maxBody) return yield* new BodyTooLarge({ limit: maxBody })
    if (RequestBody.isBehind(clock.now() - startedAt, Duration.toMillis(bodyTimeout), size, announced))
      return yield* caller.late()
    if (size <= held) continue
    const more = RequestBody.roomFor(size, announced) - held
    held += more
    if (bytes.take(more)) continue
    // Now it is not the caller who lets us wait.
    caller.isNotWaitedFor()
    const before = clock.now()
    yield* bytes.hold(more)
    startedAt += clock.now() - before
    caller.isWaitedFor()
  }
})
