import type { IncomingMessage } from "node:http"
import type { Readable } from "node:stream"
import * as Effect from "effect/Effect"
import { BodyMalformed, BodyTooLarge, EncodingUnsupported } from "../domain/Failure.js"
import * as Decompress from "../upstream/Decompress.js"

/**
 * The text of a request body of at most `limit` bytes, decompressed if need be; a larger one is refused before it is
 * read where it says its size, and as soon as it has outgrown the limit where it does not. `atEnd` is given what stops
 * the reading, for when it is interrupted.
 */
export const read = (
  request: IncomingMessage,
  limit: number,
  atEnd: (stop: () => void) => void
): Effect.Effect<string, BodyTooLarge | BodyMalformed | EncodingUnsupported> => {
  const encoding = (request.headers["content-encoding"] ?? "").trim().toLowerCase()
  if (encoding === "" || encoding === "identity") return collect(request, request, limit, atEnd)
  const decoder = Decompress.decoderFor(encoding)
  if (decoder !== undefined) return collect(request, request.pipe(decoder), limit, atEnd)
  return Effect.zipRight(
    Effect.sync(() => request.resume()),
    new EncodingUnsupported({ encoding })
  )
}

const collect = (
  request: IncomingMessage,
  source: Readable,
  limit: number,
  atEnd: (stop: () => void) => void
): Effect.Effect<string, BodyTooLarge | BodyMalformed> =>
  Effect.async((resume) => {
    const pieces: Array<Buffer> = []
    let size = 0
    let reading = true
    const stop = () => {
      if (!reading) return
      reading = false
      source.off("data", onData)
      source.off("end", onEnd)
      if (source === request) return
      request.unpipe()
      source.destroy()
    }
    // The rest of a refused body is read and thrown away, so that the caller gets to the answer.
    const refuse = (failure: BodyTooLarge | BodyMalformed) => {
      stop()
      pieces.length = 0
      request.resume()
      resume(failure)
    }
    const onData = (bytes: Buffer) => {
      pieces.push(bytes)
      size += bytes.length
      if (size > limit) refuse(new BodyTooLarge({ limit }))
    }
    const onEnd = () => {
      // Nothing more is heard of a request that has ended.
      if (source === request) reading = false
      else stop()
      resume(
        Effect.sync(() => {
          const text = Buffer.concat(pieces, size).toString("utf8")
          // What stops the reading is kept to the end of the exchange.
          pieces.length = 0
          return text
        })
      )
    }
    // A caller that leaves in the middle of its body interrupts the exchange: only a decoder's error is an answer.
    const onError = () => {
      if (source !== request) refuse(new BodyMalformed({ reason: "The compressed body cannot be read.", param: null }))
    }
    if (Number(request.headers["content-length"] ?? 0) > limit) return refuse(new BodyTooLarge({ limit }))
    source.on("data", onData)
    source.on("end", onEnd)
    source.on("error", onError)
    atEnd(stop)
  })
