import * as zlib from "node:zlib"
import * as Either from "effect/Either"
import { ProtocolBroken } from "../domain/Failure.js"
import type { BodyListener, UpstreamBody, UpstreamHead } from "./UpstreamCall.js"

/** The head with a body that is not compressed; fails for an encoding that Node cannot undo. */
export const head = (compressed: UpstreamHead): Either.Either<UpstreamHead, ProtocolBroken> => {
  const encoding = String(compressed.headers["content-encoding"] ?? "identity")
    .trim()
    .toLowerCase()
  if (encoding === "identity" || encoding === "") return Either.right(compressed)
  const decoder = decoderFor(encoding)
  if (decoder === undefined)
    return Either.left(new ProtocolBroken({ reason: `the answer is compressed as ${encoding}` }))
  return Either.right({ ...compressed, body: decompressed(compressed.body, decoder) })
}

/** What undoes a `content-encoding` that Node knows. */
export type Decoder = zlib.Gunzip | zlib.Inflate | zlib.BrotliDecompress

/** A decoder for a `content-encoding` in lower case, if there is one. */
export const decoderFor = (encoding: string): Decoder | undefined => decoders.get(encoding)?.()

const decoders = new Map<string, () => Decoder>([
  ["gzip", () => zlib.createGunzip()],
  ["x-gzip", () => zlib.createGunzip()],
  ["deflate", () => zlib.createInflate()],
  ["br", () => zlib.createBrotliDecompress()]
])

// A listener that pauses holds the decoder back, and a full decoder holds the backend back.
const decompressed = (body: UpstreamBody, decoder: Decoder): UpstreamBody => {
  let listener: BodyListener | undefined
  decoder.pause()
  decoder.on("data", (bytes: Uint8Array) => listener?.onData(bytes))
  decoder.on("end", () => listener?.onEnd())
  decoder.on("error", (cause) => listener?.onLost(cause))
  decoder.on("drain", () => body.resume())
  const source: BodyListener = {
    onData: (bytes) => {
      if (!decoder.write(bytes)) body.pause()
    },
    onEnd: () => decoder.end(),
    onLost: (cause) => decoder.destroy(new Error("lost", { cause }))
  }
  return {
    listen: (next) => {
      if (listener === undefined) body.listen(source)
      listener = next
      decoder.resume()
    },
    pause: () => void decoder.pause(),
    resume: () => void decoder.resume()
  }
}
