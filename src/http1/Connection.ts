import type * as net from "node:net"
import type { Readable } from "node:stream"
import { keepAliveDelay } from "./Connector.js"
import type { Connector } from "./Connector.js"
import type * as Dial from "./Dial.js"
import type { Controller, Framing, ResponseHandler } from "./Dispatch.js"
import * as LoopTurn from "./LoopTurn.js"
import type { ResponseHead } from "./ResponseHead.js"
import * as ResponseReader from "./ResponseReader.js"
import type { Ends } from "./SentInVain.js"

/** A request as it is written, but for the length of its body where that is a text. */
export interface Message {
  readonly head: string
  readonly body: string | Readable | null
}

/** Hears when a connection has nothing to do, or is no more. */
export interface Owner {
  /** The response has ended, and another request may be sent for so long, in ms, where the server says so. */
  onIdle(connection: Connection, keptFor: number | undefined): void
  /** The server spoke although it had been asked nothing; the connection is closed. */
  onUnasked(connection: Connection): void
  onClosed(connection: Connection): void
}

/** One socket to a server, which serves one request at a time. */
export class Connection implements ResponseReader.ResponseListener, Dial.Listener {
  /** When it was asked for, by `performance.now()`. */
  readonly madeAt = performance.now()
  /** Any share of a whole, another one for each connection. */
  readonly share = Math.random()
  private readonly dial: Dial.Dial
  /** There is one as soon as it has connected. */
  private socket: net.Socket | undefined = undefined
  private readonly reader = new ResponseReader.ResponseReader(this)
  private pending: PendingRequest | undefined = undefined
  private head: ResponseHead | undefined = undefined
  private cause: unknown = undefined
  private isStopped = false
  private isResting = false
  private hasServed = false
  private sentAt = 0
  /** The turn of the loop in which a request went over a connection that has served before, until it is answered. */
  private askedIn: number | undefined = undefined

  constructor(
    connector: Connector,
    private readonly owner: Owner
  ) {
    this.dial = connector.open(this)
  }

  /** Sends a request, as soon as there is a connection; the response before must have ended. */
  send(message: Message, handler: ResponseHandler): void {
    if (this.isResting) this.socket?.ref()
    this.isResting = false
    this.head = undefined
    this.reader.reset()
    this.pending = new PendingRequest(this, message, handler)
    if (this.hasServed) this.askedIn = LoopTurn.current()
    this.hasServed = true
    this.sentAt = performance.now()
    if (this.socket !== undefined) this.begin(this.pending, this.socket)
  }

  /** Whether a request has been under way since then, by `performance.now()`, without a sign of its answer. */
  isUnanswered(since: number): boolean {
    return this.pending !== undefined && this.head === undefined && this.sentAt <= since
  }

  /** Its ends, as long as it has some. */
  ends(): Ends | undefined {
    const { localPort, remoteAddress, remotePort } = this.socket ?? {}
    return localPort === undefined || remotePort === undefined || remoteAddress === undefined
      ? undefined
      : { localPort, remotePort, remoteAddress }
  }

  /** Lets the process end although the connection is there, until something is sent again. */
  rest(): void {
    this.isResting = true
    this.socket?.unref()
  }

  /** Closes the connection, whatever it is doing. */
  close(reason: unknown): void {
    this.cause ??= reason
    this.reader.stop()
    if (this.socket === undefined) this.dial.cancel(reason)
    else this.socket.destroy()
  }

  /** Reads on, if reading has been stopped. */
  readOn(): void {
    if (!this.isStopped) return
    this.isStopped = false
    this.socket?.resume()
  }

  onHead(head: ResponseHead): void {
    this.head = head
    this.pending?.onHead(head)
  }

  onBody(bytes: Uint8Array): void {
    this.pending?.onBody(bytes)
  }

  onEnd(isClean: boolean): void {
    const { head, pending, socket } = this
    this.pending = undefined
    // What of the request is not written yet the server would take for the next one.
    const isSent = socket?.writableLength === 0 && pending?.isRead() === true
    if (isClean && head?.isKept === true && isSent && !socket.destroyed) {
      this.readOn()
      this.owner.onIdle(this, head.keptFor)
    } else socket?.destroy()
    pending?.onEnd()
  }

  onReady(socket: net.Socket): void {
    this.socket = socket
    socket.setNoDelay(true).setKeepAlive(true, keepAliveDelay)
    socket.on("error", (cause) => (this.cause ??= cause))
    socket.on("end", () => this.onEnded())
    socket.on("close", () => this.onClosed())
    if (this.pending !== undefined) this.begin(this.pending, socket)
  }

  onFailed(cause: unknown): void {
    this.cause ??= cause
    this.onClosed()
  }

  onRead(bytes: Buffer): void {
    if (this.pending === undefined || this.isTooSoon()) return this.refuse()
    // To stop and to read on costs more than to hold one read, and most pauses end before there is one.
    if (this.pending.isPaused && !this.isStopped) {
      this.isStopped = true
      this.socket?.pause()
    }
    const wrong = this.reader.push(bytes)
    if (wrong !== undefined) this.close(wrong)
  }

  private begin(pending: PendingRequest, socket: net.Socket): void {
    pending.onBegin()
    if (socket.destroyed) return
    const { body, head } = pending.message
    if (body === null || typeof body === "string") writeTo(socket, head, body)
    else this.pipe(socket, head, body)
  }

  // As fast as the server takes it. What ends before its end would have the server wait for the rest.
  private pipe(socket: net.Socket, head: string, body: Readable): void {
    socket.write(`${head}\r\n`, "latin1")
    body.on("error", (cause) => this.close(cause))
    body.on("close", () => {
      if (!body.readableEnded) this.close(new Error("the request's body broke off"))
    })
    body.pipe(socket, { end: false })
  }

  // What is read in the turn in which the request was written was there before it: the rest of what came last.
  private isTooSoon(): boolean {
    if (this.askedIn === undefined) return false
    const isTooSoon = this.askedIn === LoopTurn.current()
    this.askedIn = undefined
    return isTooSoon
  }

  private refuse(): void {
    this.owner.onUnasked(this)
    this.close(new Error("the server spoke without being asked"))
  }

  private onEnded(): void {
    if (this.pending !== undefined && this.reader.endsWithConnection()) this.onEnd(false)
    else this.close(new Error("the server closed the connection"))
  }

  private onClosed(): void {
    const { pending } = this
    this.pending = undefined
    this.owner.onClosed(this)
    pending?.onError(this.cause ?? new Error("the connection was closed"))
  }
}

/** A request that a connection serves. It steers nothing any more when its response has ended. */
class PendingRequest implements Controller {
  framing: Framing | undefined = undefined
  isPaused = false
  private isOver = false

  constructor(
    private readonly connection: Connection,
    readonly message: Message,
    private readonly handler: ResponseHandler
  ) {}

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
    if (!this.isOver) this.connection.readOn()
  }

  abort(reason: Error): void {
    if (!this.isOver) this.connection.close(reason)
  }

  /** Whether its body has been read to its end. */
  isRead(): boolean {
    const { body } = this.message
    return body === null || typeof body === "string" || body.readableEnded
  }

  onBegin(): void {
    this.handler.onRequestStart(this)
  }

  onHead({ framing, headers, status }: ResponseHead): void {
    this.framing = typeof framing === "number" ? "length" : framing
    this.handler.onResponseStart(this, status, headers)
  }

  onBody(bytes: Uint8Array): void {
    this.handler.onResponseData(this, bytes)
  }

  onEnd(): void {
    this.isOver = true
    this.handler.onResponseEnd(this)
  }

  onError(cause: unknown): void {
    this.isOver = true
    this.handler.onResponseError(this, cause)
  }
}

/** Texts up to this size are written as such, in characters; longer ones would be copied once more on their way. */
const short = 16 * 1024

const writeTo = (socket: net.Socket, head: string, body: string | null): void => {
  if (body === null) return void socket.write(`${head}\r\n`, "latin1")
  const size = Buffer.byteLength(body)
  const start = `${head}content-length: ${size}\r\n\r\n`
  const isAscii = size === body.length
  if (isAscii && size <= short) return void socket.write(start + body, "latin1")
  const bytes = Buffer.allocUnsafe(start.length + size)
  bytes.write(start, "latin1")
  bytes.write(body, start.length, isAscii ? "latin1" : "utf8")
  socket.write(bytes)
}
