import type { IncomingMessage } from "node:http"
import * as Effect from "effect/Effect"
import { BodyMalformed, BodyTooLarge } from "../domain/Failure.js"

/** The text of a request body of at most `limit` bytes; a larger one is refused before it is read where it says its size. */
export const read = (request: IncomingMessage, limit: number): Effect.Effect<string, BodyTooLarge | BodyMalformed> =>
  Effect.async((resume) => {
    const encoding = request.headers["content-encoding"]
    if (encoding !== undefined && encoding !== "identity") {
      request.resume()
      return resume(
        new BodyMalformed({ reason: `Compressed request bodies are not accepted (${encoding}).`, param: null })
      )
    }
    const tooLarge = () => {
      stop()
      request.resume()
      resume(new BodyTooLarge({ limit }))
    }
    const pieces: Array<Buffer> = []
    let size = 0
    const onData = (bytes: Buffer) => {
      pieces.push(bytes)
      size += bytes.length
      if (size > limit) tooLarge()
    }
    const onEnd = () => {
      stop()
      resume(Effect.sync(() => Buffer.concat(pieces, size).toString("utf8")))
    }
    // A caller that leaves in the middle of its body interrupts the exchange; nothing is left to do here.
    const onError = () => stop()
    const stop = () => {
      request.off("data", onData)
      request.off("end", onEnd)
      request.off("error", onError)
    }
    if (Number(request.headers["content-length"] ?? 0) > limit) return tooLarge()
    request.on("data", onData)
    request.on("end", onEnd)
    request.on("error", onError)
    return Effect.sync(stop)
  })
