import * as zlib from "node:zlib"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Data from "effect/Data"
import * as Either from "effect/Either"
import { ProtocolBroken } from "../domain/failure/Failure.js"
import { cut } from "../domain/text/CutText.js"
import { BodyLost } from "./UpstreamHead.js"
import type { UpstreamHead } from "./UpstreamHead.js"

/** The head with a body that is not compressed; fails for an encoding that Node cannot undo. */
export const head = (compressed: UpstreamHead): Either.Either<UpstreamHead, ProtocolBroken> => {
  const encoding = String(compressed.headers["content-encoding"] ?? "identity")
    .trim()
    .toLowerCase()
  if (encoding === "identity" || encoding === "") return Either.right(compressed)
  const decoder = decoderFor(encoding)
  if (decoder === undefined)
    return Either.left(new ProtocolBroken({ reason: `the answer is compressed as ${cut(encoding)}` }))
  const body = NodeStream.pipeThroughDuplex(
    compressed.body,
    () => decoder,
    (cause) => new BodyLost({ cause })
  )
  return Either.right({ ...compressed, body })
}

/** What undoes a `content-encoding` that Node knows. */
export type Decoder = zlib.Gunzip | zlib.Inflate | zlib.BrotliDecompress

/** What comes out of a compressed body may be this many times as large as what has gone in, once it is large at all. */
export const mostRatio = 100

/** What comes out may be this large, in bytes, however little has gone in. */
const alwaysAllowed = 1024 * 1024

/** A compressed body is nothing but a way to fill the memory. */
export class UnpacksTooFar extends Data.TaggedError("UnpacksTooFar")<{}> {
  override get message() {
    return `the body is more than ${mostRatio} times as large as it is compressed`
  }
}

/** Whether there is a decoder for a `content-encoding` in lower case. */
export const isKnown = (encoding: string): boolean => decoders.has(encoding)

/** A decoder for a `content-encoding` in lower case, if there is one; it fails with {@link UnpacksTooFar}. */
export const decoderFor = (encoding: string): Decoder | undefined => {
  const decoder = decoders.get(encoding)?.()
  return decoder === undefined ? undefined : bounded(decoder)
}

// Counts where pieces come out, so that none is made that nobody may have.
const bounded = (decoder: Decoder): Decoder => {
  const push = decoder.push.bind(decoder)
  let size = 0
  decoder.push = (piece: Uint8Array | null) => {
    size += piece?.length ?? 0
    if (size <= alwaysAllowed || size <= mostRatio * decoder.bytesWritten) return push(piece)
    decoder.destroy(new UnpacksTooFar())
    return false
  }
  return decoder
}

const decoders = new Map<string, () => Decoder>([
  ["gzip", () => zlib.createGunzip()],
  ["x-gzip", () => zlib.createGunzip()],
  ["deflate", () => zlib.createInflate()],
  ["br", () => zlib.createBrotliDecompress()]
])
