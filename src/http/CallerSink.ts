import * as http from "node:http"
import * as Effect from "effect/Effect"
import type { CallerSink, SinkListener } from "../relay/ResponseSink.js"
import * as Alarm from "../flow/Alarm.js"
import * as CallerConnection from "./CallerConnection.js"

/** Headers, as they are by then. */
export type Extra = () => Readonly<Record<string, string>>

/** The sink over a Node response; `extra` headers go out with whatever head is sent. */
export const make = (response: http.ServerResponse, extra: Extra): CallerSink => new NodeSink(response, extra)

class NodeSink implements CallerSink, CallerConnection.Departing {
  private listener: SinkListener | undefined = undefined
  private onEnded: ((delivered: boolean) => void) | undefined = undefined
  private readonly connection: CallerConnection.CallerConnection
  private isOver = false
  private isGone = false
  private isCut = false
  private chunked = false
  private isFull = false
  private onDrained = () => {}

  readonly drained = Effect.async<void>((resume) => {
    if (this.isFull) this.onDrained = () => resume(Effect.void)
    else resume(Effect.void)
  })

  constructor(
    private readonly response: http.ServerResponse,
    private readonly extra: Extra
  ) {
    this.connection = CallerConnection.of(response.req.socket)
    response.on("drain", () => {
      this.isFull = false
      this.onDrained()
    })
    // Node calls it finished, too, when the socket is destroyed with the rest still in it.
    response.on("finish", () => this.settle(!response.destroyed))
    response.on("error", ignore)
    response.on("close", () => this.onClosed())
    this.connection.watch(this)
  }

  listen(listener: SinkListener): void {
    this.listener = listener
    if (this.isGone) queueMicrotask(() => this.listener?.onLeft())
    else if (this.isCut) queueMicrotask(() => this.listener?.onCut())
  }

  start(status: number, headers: Readonly<Record<string, string>>): void {
    const { response } = this
    if (this.isGone || response.headersSent) return
    response.writeHead(status, Object.assign({}, headers, this.extra()))
    this.takeOverChunking()
  }

  write(text: string): boolean {
    const { response } = this
    if (this.isGone) return true
    const size = Buffer.byteLength(text)
    const piece = this.chunked ? chunkOf(text, size) : text
    this.isFull = !(isAscii(text, size) ? response.write(piece, "latin1") : response.write(Buffer.from(piece)))
    return !this.isFull
  }

  writeBytes(bytes: Uint8Array): boolean {
    if (this.isGone || bytes.length === 0) return true
    this.isFull = !this.response.write(this.chunked ? chunkOfBytes(bytes) : bytes)
    return !this.isFull
  }

  end(text: string, onEnded: (delivered: boolean) => void): void {
    this.endWith(text, lastChunk, onEnded)
  }

  endShort(text: string, onEnded: (delivered: boolean) => void): void {
    const { response } = this
    const { socket } = response.req
    this.connection.closeAfter()
    if (this.chunked || !response.chunkedEncoding || this.isGone) {
      response.on("finish", () => socket.destroySoon())
      return this.endWith(text, "", onEnded)
    }
    // Node would end the chunks itself, and whoever stands between does not tell when it has passed the piece on.
    this.onEnded = onEnded
    response.write(text)
    if ("flush" in response && typeof response.flush === "function") void Reflect.apply(response.flush, response, [])
    Alarm.make().set(passedOn, () => socket.destroySoon())
  }

  private endWith(text: string, chunksEnd: string, onEnded: (delivered: boolean) => void): void {
    const { response } = this
    if (this.isGone) {
      response.end()
      return queueMicrotask(() => onEnded(false))
    }
    this.onEnded = onEnded
    const size = Buffer.byteLength(text)
    const piece = this.chunked ? chunkOf(text, size) + chunksEnd : text
    if (isAscii(text, size)) response.end(piece, "latin1")
    else response.end(Buffer.from(piece))
  }

  abandon(): void {
    this.response.destroy()
    // A response that waits for another one to be over is not told.
    this.onClosed()
  }

  breakOff(): boolean {
    if (!this.response.headersSent) return false
    this.response.destroy()
    this.response.end()
    return true
  }

  cut(): void {
    if (this.isCut) return
    this.isCut = true
    this.listener?.onCut()
  }

  // Of the connection, or of the response.
  onClosed(): void {
    if (this.isOver) return
    this.isOver = true
    this.connection.unwatch(this)
    if (this.onEnded === undefined && this.response.writableEnded) return
    this.isGone = true
    if (this.onEnded !== undefined) this.settle(false)
    else this.listener?.onLeft()
  }

  // Node would write each chunk in four pieces. Whoever has put something between, such as a compression, expects texts.
  private takeOverChunking(): void {
    const { response } = this
    const own = http.ServerResponse.prototype
    if (response.write !== own.write || response.end !== own.end) return
    this.chunked = response.chunkedEncoding
    response.chunkedEncoding = false
  }

  private settle(delivered: boolean): void {
    const ended = this.onEnded
    this.onEnded = undefined
    ended?.(delivered)
  }
}

const ignore = () => {}

/** So long a compression may take for the last piece, in ms. */
const passedOn = 100

// A chunk of nothing would be the last one.
const chunkOf = (text: string, size: number): string => (text === "" ? "" : `${size.toString(16)}\r\n${text}\r\n`)

// In one piece, for each would be a packet of its own.
const chunkOfBytes = (bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`, "latin1"), bytes, chunkEnd])

const chunkEnd = Buffer.from("\r\n", "latin1")

const lastChunk = "0\r\n\r\n"

// What is not goes out as bytes: Node would write the head, whose bytes are its own, in the encoding of the first text.
const isAscii = (text: string, size: number): boolean => size === text.length
