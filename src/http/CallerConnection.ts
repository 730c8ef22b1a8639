import type { IncomingMessage } from "node:http"
import type { Socket } from "node:net"

/** Hears that the caller has closed its connection. */
export interface Departing {
  onClosed(): void
}

/**
 * A connection of a caller. Node tells only the response that it is writing at the time that the connection was closed;
 * a caller may have sent further requests behind that one. So one request is served at a time, which its answers' order
 * allows, and all that is served hears of the end.
 */
export interface CallerConnection {
  /** Serves a request now, or when those before it are done; when the connection closes it is served at once. */
  serve(incoming: IncomingMessage, request: () => void): void
  /** Whether a request that has come, all of it, waits for its answer. */
  owesAnswer(): boolean
  /** Serves nothing more: the connection is closed when the request that is served is done. */
  closeAfter(): void
  /** A request that was served is done: its response is over. */
  readonly done: () => void
  /** Has somebody hear of the end of the connection; at once, in a later turn, where it is closed already. */
  watch(who: Departing): void
  unwatch(who: Departing): void
}

/** So many requests may wait behind one that is served; a caller that sends more is not served any more. */
const mostWaiting = 16

/** A body of so many bytes Node does not read on its own, nor then whether the caller is still there. */
const mostUnread = 16 * 1024

const isUnread = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) >= mostUnread

const known = new WeakMap<Socket, CallerConnection>()

/** The connection of this socket. */
export const of = (socket: Socket): CallerConnection => {
  const before = known.get(socket)
  if (before !== undefined) return before
  const connection = new Connection(socket)
  known.set(socket, connection)
  return connection
}

interface Waiting {
  readonly incoming: IncomingMessage
  readonly request: () => void
}

class Connection implements CallerConnection {
  private readonly watching: Array<Departing> = []
  private readonly waiting: Array<Waiting> = []
  private served: IncomingMessage | undefined = undefined
  private isClosing = false
  private isClosed: boolean

  constructor(private readonly socket: Socket) {
    this.isClosed = socket.destroyed
    socket.once("close", () => this.close())
  }

  serve(incoming: IncomingMessage, request: () => void): void {
    if (this.served === undefined || this.isClosed) return this.begin({ incoming, request })
    this.waiting.push({ incoming, request })
    if (this.waiting.length > mostWaiting) this.socket.destroy()
    else if (isUnread(incoming)) {
      // Its body is read into nothing, so that the caller's departure is noticed, and it may ask again.
      incoming.resume()
      this.closeAfter()
    }
  }

  owesAnswer(): boolean {
    return this.served?.complete === true
  }

  closeAfter(): void {
    this.isClosing = true
  }

  // Handed to a response as it is.
  readonly done = (): void => {
    this.served = undefined
    if (this.isClosing) return void this.socket.destroySoon()
    const next = this.waiting.shift()
    if (next !== undefined) this.begin(next)
  }

  watch(who: Departing): void {
    if (this.isClosed) queueMicrotask(() => who.onClosed())
    else this.watching.push(who)
  }

  unwatch(who: Departing): void {
    const at = this.watching.indexOf(who)
    if (at !== -1) this.watching.splice(at, 1)
  }

  private begin({ incoming, request }: Waiting): void {
    this.served = incoming
    request()
  }

  private close(): void {
    this.isClosed = true
    for (const who of this.watching.splice(0)) who.onClosed()
    // Each of them is an exchange, if only one whose caller has left.
    for (const { request } of this.waiting.splice(0)) request()
  }
}
