import type { IncomingMessage } from "node:http"
import type { Readable } from "node:stream"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import {
  BodyMalformed,
  BodyTimedOut,
  BodyTooComplex,
  BodyTooLarge,
  EncodingUnsupported
} from "../domain/failure/Failure.js"
import type { Overloaded } from "../domain/failure/Failure.js"
import type { ServerSettings } from "../domain/config/GatewayConfig.js"
import type { Exchange } from "../exchange/Exchange.js"
import * as Alarm from "../flow/Alarm.js"
import type { ByteLease } from "../admission/ByteBudget.js"
import * as Decompress from "../upstream/Decompress.js"
import { Gathered } from "../flow/Gathered.js"
import * as WaitingLine from "../admission/WaitingLine.js"
import * as Continuing from "./Continuing.js"

/** What becomes of a body that cannot be taken. */
export type BodyFailure =
  BodyTooLarge | BodyTooComplex | BodyMalformed | BodyTimedOut | EncodingUnsupported | Overloaded

/**
 * The text of a request body of at most `server.max_body` bytes, decompressed if need be; a larger one is refused before
 * it is read where it says its size, and as soon as it has outgrown the limit where it does not. It waits for room in
 * memory (`server.max_bytes_in_flight`), and not for long for a caller that sends nothing (`server.body_timeout`).
 */
export const read = (request: IncomingMessage, exchange: Exchange): Effect.Effect<string, BodyFailure> => {
  const { bytes, snapshot } = exchange
  const { server } = snapshot.config
  const encoding = encodingOf(request.headers["content-encoding"])
  const isPlain = encoding === undefined
  if (!isPlain && !Decompress.isKnown(encoding)) return refused(request, new EncodingUnsupported({ encoding }))
  const announced = Number(request.headers["content-length"] ?? 0)
  if (announced > server.maxBody) return refused(request, new BodyTooLarge({ limit: server.maxBody }))
  return Effect.async<string, BodyFailure>((resume) => {
    // Made only when there is room: it takes memory of its own.
    const decoder = isPlain ? undefined : Decompress.decoderFor(encoding)
    const source = decoder === undefined ? request : request.pipe(decoder)
    const body = new Body({ request, source, bytes, server, announced: isPlain ? announced : 0, resume })
    body.begin()
    return Effect.sync(() => body.stop())
  })
}

/** What a body is packed by, in lower case, according to its `content-encoding`; undefined where it is not. */
export const encodingOf = (header = ""): string | undefined => {
  const encoding = header.trim().toLowerCase()
  return encoding === "" || encoding === "identity" ? undefined : encoding
}

const refused = <E>(request: IncomingMessage, failure: E): Effect.Effect<never, E> =>
  Effect.suspend(() => {
    request.resume()
    return Effect.fail(failure)
  })

interface Options {
  readonly request: IncomingMessage
  /** The request, or what decompresses it. */
  readonly source: Readable
  readonly bytes: ByteLease
  readonly server: ServerSettings
  /** How large the body says to be, in bytes; 0 where it does not. */
  readonly announced: number
  readonly resume: (body: Effect.Effect<string, BodyFailure>) => void
}

/** So small a body needs no room: whoever only says that it will send much must not keep those out that send little. */
export const small = 16 * 1024

/** So many bytes more are asked room for at least where a body does not say its size. */
const step = 64 * 1024

/** A body may take so long in all, in ms. */
export const longest = 300_000

class Body {
  private readonly gathered = new Gathered()
  private readonly silence = Alarm.make()
  /** By `performance.now()`. */
  private startedAt = performance.now()
  private held = small
  private isReading = true
  private stopWaiting = () => {}

  constructor(private readonly options: Options) {}

  begin(): void {
    const { request, source } = this.options
    this.watchSilence()
    source.on("data", this.onData)
    source.on("end", this.onEnd)
    source.on("error", this.onError)
    Continuing.tell(request)
  }

  /** Reads nothing any more. */
  stop(): void {
    this.silence.clear()
    this.stopWaiting()
    if (!this.isReading) return
    this.isReading = false
    const { request, source } = this.options
    source.off("data", this.onData)
    source.off("end", this.onEnd)
    if (source === request) return
    request.unpipe()
    source.destroy()
  }

  // The rest of a refused body is read and thrown away, so that the caller gets to the answer.
  private refuse(failure: BodyFailure): void {
    this.stop()
    this.gathered.drop()
    this.options.request.resume()
    this.options.resume(failure)
  }

  private readonly onData = (bytes: Buffer): void => {
    const { maxBody } = this.options.server
    this.silence.refresh()
    this.gathered.push(bytes)
    if (this.gathered.size() > maxBody) return this.refuse(new BodyTooLarge({ limit: maxBody }))
    if (this.isBehind()) return this.refuse(this.late())
    if (this.gathered.size() > this.held) this.makeRoom()
  }

  private makeRoom(): void {
    const { announced, bytes, source } = this.options
    const size = this.gathered.size()
    const more = roomFor(size, announced) - this.held
    this.held += more
    if (bytes.take(more)) return
    // Now it is not the caller who lets us wait.
    const before = performance.now()
    source.pause()
    this.silence.clear()
    this.stopWaiting = bytes.whenFree(more, (taken) => {
      if (!taken) return this.refuse(WaitingLine.overloaded())
      this.startedAt += performance.now() - before
      this.watchSilence()
      source.resume()
    })
  }

  private isBehind(): boolean {
    const { announced, server } = this.options
    const elapsed = performance.now() - this.startedAt
    return isBehind(elapsed, Duration.toMillis(server.bodyTimeout), this.gathered.size(), announced)
  }

  private watchSilence(): void {
    this.silence.set(Duration.toMillis(this.options.server.bodyTimeout), () => this.refuse(this.late()))
  }

  private late(): BodyTimedOut {
    return new BodyTimedOut({ after: this.options.server.bodyTimeout })
  }

  private readonly onEnd = (): void => {
    const { request, resume, source } = this.options
    this.silence.clear()
    // Nothing more is heard of a request that has ended.
    if (source === request) this.isReading = false
    else this.stop()
    resume(Effect.succeed(withoutMark(this.gathered.take().toString("utf8"))))
  }

  // A caller that leaves in the middle of its body interrupts the exchange: only a decoder's error is an answer.
  private readonly onError = (cause: unknown): void => {
    if (this.options.source !== this.options.request) this.refuse(undecoded(cause))
  }
}

/** How much room to have for a body of which so many bytes are there, and which says to have so many, or 0. */
export const roomFor = (size: number, announced: number): number =>
  // All of it where it says how much that is: bodies that wait for their rest would keep each other waiting.
  announced > 0 ? announced : size + Math.max(step, size)

/**
 * Whether a body will not have come in time, of which so many bytes came in so many ms: one that comes drop by drop is
 * never silent for as long as it may be.
 */
export const isBehind = (elapsed: number, silence: number, size: number, announced: number): boolean =>
  elapsed > silence && (elapsed > longest || size < (announced * elapsed) / longest)

/** The text without the byte order mark that some write before their JSON. */
export const withoutMark = (text: string): string => (text.startsWith("\ufeff") ? text.slice(1) : text)

/** What a body is that its decoder does not take. */
export const undecoded = (cause: unknown): BodyTooComplex | BodyMalformed =>
  cause instanceof Decompress.UnpacksTooFar
    ? new BodyTooComplex({ excess: "compression", limit: Decompress.mostRatio })
    : new BodyMalformed({ reason: "The compressed body cannot be read.", param: null })
