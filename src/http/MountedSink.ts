import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Chunk from "effect/Chunk"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { PulledSink } from "../exchange/PulledSink.js"
import * as HostConnection from "./HostConnection.js"

/** What a host's server is told of a body that is not whole: nobody may take it for whole. */
export class BodyNotWhole extends Data.TaggedError("BodyNotWhole")<{}> {
  override get message() {
    return "The answer broke off: its body is not whole"
  }
}

interface Head {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
}

/** The caller of a mounted route: what it is sent becomes a response, whose body is a Stream unless it comes in one piece. */
export class MountedSink extends PulledSink<string | Uint8Array> {
  // What was taken is on its way only when the server comes for more.
  protected readonly isLastEnough = false
  private head: Head | undefined = undefined
  private isAnswered = false
  private isStreamed = false
  private isWhole = false
  private readonly answered = Deferred.unsafeMake<HttpServerResponse.HttpServerResponse>(FiberId.none)

  /** The response, when there is one. */
  readonly response: Effect.Effect<HttpServerResponse.HttpServerResponse> = Deferred.await(this.answered)

  private readonly body: Stream.Stream<Uint8Array, BodyNotWhole>

  constructor(
    request: HttpServerRequest.HttpServerRequest,
    private readonly extra: () => Readonly<Record<string, string>>
  ) {
    super()
    const over = Effect.suspend(() =>
      this.isWhole && !this.isGone
        ? Effect.fail(Option.none<BodyNotWhole>())
        : Effect.zipRight(HostConnection.hangUp(request), Effect.fail(Option.some(new BodyNotWhole())))
    )
    this.body = Stream.repeatEffectChunkOption(
      Effect.flatMap(this.take, (pieces) =>
        pieces === undefined ? over : Effect.succeed(Chunk.of<Uint8Array>(joined(pieces)))
      )
    ).pipe(Stream.ensuring(Effect.sync(() => this.leave())))
  }

  start(status: number, headers: Readonly<Record<string, string>>): void {
    if (this.head !== undefined) return
    this.head = { status, headers: { ...headers, ...this.extra() } }
    // What says how long it is comes in one piece.
    this.isStreamed = headers["content-length"] === undefined
    if (this.isStreamed) this.answer(HttpServerResponse.stream(this.body, optionsOf(this.head)))
  }

  write(text: string): boolean {
    return this.hand([text], text.length)
  }

  writeBytes(bytes: Uint8Array): boolean {
    return bytes.length === 0 || this.hand([bytes], bytes.length)
  }

  end(text: string, onEnded: (delivered: boolean) => void): void {
    if (this.isAnswered) {
      this.isWhole = true
      if (text !== "") this.write(text)
      return this.finish(onEnded)
    }
    this.finish(onEnded)
    this.answer(this.head === undefined ? nobody : HttpServerResponse.text(text, optionsOf(this.head)))
  }

  endShort(text: string, onEnded: (delivered: boolean) => void): void {
    if (text !== "") this.write(text)
    this.finish(onEnded)
  }

  breakOff(): boolean {
    if (this.isAnswered) this.stop()
    return this.isAnswered
  }

  /** The host is done with the request: it has sent the response, or there is nobody to send it to. */
  close(isSent: boolean): void {
    if (isSent && !this.isStreamed) this.settle(true)
    this.leave()
  }

  private answer(response: HttpServerResponse.HttpServerResponse): void {
    this.isAnswered = true
    Deferred.unsafeDone(this.answered, Effect.succeed(response))
  }
}

const joined = (pieces: ReadonlyArray<string | Uint8Array>): Uint8Array => {
  const texts = pieces.filter((piece) => typeof piece === "string")
  if (texts.length === pieces.length) return Buffer.from(texts.join(""))
  return Buffer.concat(pieces.map((piece) => (typeof piece === "string" ? Buffer.from(piece) : piece)))
}

const optionsOf = ({ headers, status }: Head) => {
  const { "content-length": _, "content-type": contentType, ...others } = headers
  return { status, headers: others, ...(contentType === undefined ? {} : { contentType }) }
}

/** The status by which proxies log a caller that has left before its answer; no one reads it. */
const nobody = HttpServerResponse.empty({ status: 499 })
