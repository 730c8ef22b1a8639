import type { IncomingMessage } from "node:http"
import type { Readable } from "node:stream"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { BodyMalformed, BodyTimedOut, BodyTooLarge, EncodingUnsupported } from "../domain/failure/Failure.js"
import * as Boundary from "../domain/form/Boundary.js"
import type { Form } from "../domain/form/Form.js"
import { FormScanner } from "../domain/form/FormScanner.js"
import type { Exchange } from "../exchange/Exchange.js"
import * as Decompress from "../upstream/Decompress.js"
import * as Continuing from "./Continuing.js"
import { KeptUpload } from "./KeptUpload.js"
import * as RequestBody from "./RequestBody.js"

/** What comes next of a body, waited for if need be; undefined when nothing more does. */
export type Next = Effect.Effect<Iterable<Uint8Array> | undefined, RequestBody.BodyFailure>

/** What a request says of its body. */
export interface Said {
  /** Its `content-type`. */
  readonly type: string
  /** How large it is, in bytes; 0 where it does not say. */
  readonly announced: number
}

/**
 * A form of at most `server.max_upload` bytes, decompressed if need be. It is read as it comes, and kept for as long as
 * the exchange; who sends nothing for `server.body_timeout`, or sends too slowly, is waited for no more.
 */
export const read = (request: IncomingMessage, exchange: Exchange): Effect.Effect<Form, RequestBody.BodyFailure> =>
  Effect.suspend(() => {
    const { headers } = request
    const encoding = RequestBody.encodingOf(headers["content-encoding"])
    if (encoding !== undefined && !Decompress.isKnown(encoding)) return new EncodingUnsupported({ encoding })
    const decoder = encoding === undefined ? undefined : Decompress.decoderFor(encoding)
    const source = decoder === undefined ? request : request.pipe(decoder)
    const announced = decoder === undefined ? Number(headers["content-length"] ?? 0) : 0
    const begun = Effect.sync(() => Continuing.tell(request))
    return Effect.onExit(
      gather(nextOf(source, request, begun), { type: headers["content-type"] ?? "", announced }, exchange),
      () => Effect.sync(() => stop(source, request))
    )
    // The rest of a refused body is read and thrown away, so that the caller gets to the answer.
  }).pipe(Effect.tapError(() => Effect.sync(() => request.resume())))

const stop = (source: Readable, request: IncomingMessage): void => {
  if (source === request) return
  request.unpipe()
  source.destroy()
}

// One piece at a time: while nobody asks for the next the caller is held back.
const nextOf = (source: Readable, request: IncomingMessage, begun: Effect.Effect<void>): Next => {
  const next = Effect.async<Iterable<Uint8Array> | undefined, RequestBody.BodyFailure>((resume) => {
    const off = () => {
      source.pause()
      source.off("data", onData).off("end", onEnd).off("error", onError)
    }
    const onData = (bytes: Buffer) => {
      off()
      resume(Effect.succeed([bytes]))
    }
    const onEnd = () => {
      off()
      resume(Effect.succeed(undefined))
    }
    // A caller that leaves in the middle of its body interrupts the exchange: only a decoder's error is an answer.
    const onError = (cause: unknown) => {
      off()
      if (source !== request) resume(Effect.fail(RequestBody.undecoded(cause)))
    }
    if (source.readableEnded) return resume(Effect.succeed(undefined))
    source.on("data", onData).on("end", onEnd).on("error", onError)
    source.resume()
    return Effect.sync(off)
  })
  return Effect.zipRight(begun, next)
}

/** The form that these bytes are. */
export const gather = Effect.fnUntraced(function* (next: Next, { announced, type }: Said, exchange: Exchange) {
  const { bodyTimeout, maxUpload } = exchange.snapshot.config.server
  const late = () => new BodyTimedOut({ after: bodyTimeout })
  const boundary = Boundary.of(type)
  if (boundary === undefined)
    return yield* malformed("The request body must be a form (multipart/form-data with a boundary).")
  if (announced > maxUpload) return yield* new BodyTooLarge({ limit: maxUpload })
  const piece = Effect.timeoutFail(next, { duration: bodyTimeout, onTimeout: late })
  const scanner = new FormScanner(boundary)
  const kept = new KeptUpload(exchange, announced)
  let startedAt = exchange.clock.now()
  while (true) {
    const pieces = yield* piece
    if (pieces === undefined) break
    for (const bytes of pieces) {
      const wrong = scanner.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
      if (wrong !== undefined) return yield* malformed(`The form cannot be read: ${wrong}.`)
      const before = exchange.clock.now()
      const written = kept.push(bytes)
      if (kept.size() > maxUpload) return yield* new BodyTooLarge({ limit: maxUpload })
      if (written === undefined) continue
      yield* written
      // It is not the caller who lets us wait.
      startedAt += exchange.clock.now() - before
    }
    const elapsed = exchange.clock.now() - startedAt
    if (RequestBody.isBehind(elapsed, Duration.toMillis(bodyTimeout), kept.size(), announced)) return yield* late()
  }
  const parts = scanner.end()
  if (Either.isLeft(parts)) return yield* malformed(`The form cannot be read: ${parts.left}.`)
  return { boundary, parts: parts.right, bytes: yield* kept.close() }
})

const malformed = (reason: string): BodyMalformed => new BodyMalformed({ reason, param: null })
