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
  readonly serve: (request: () => void) => void
  /** A request that was served is done: its response is over. */
  readonly done: () => void
  /** Has somebody hear of the end of the connection; at once, in a later turn, where it is closed already. */
  readonly watch: (who: Departing) => void
  readonly unwatch: (who: Departing) => void
}

/** So many requests may wait behind one that is served; a caller that sends more is not served any more. */
const mostWaiting = 16

const known = new WeakMap<Socket, CallerConnection>()

/** The connection of this socket. */
export const of = (socket: Socket): CallerConnection => {
  const before = known.get(socket)
  if (before !== undefined) return before
  const connection = new Connection(socket)
  known.set(socket, connection)
  return connection
}

class Connection implements CallerConnection {
  private readonly watching: Array<Departing> = []
  private readonly waiting: Array<() => void> = []
  private isServing = false
  private isClosed: boolean

  constructor(private readonly socket: Socket) {
    this.isClosed = socket.destroyed
    socket.once("close", () => this.close())
  }

  readonly serve = (request: () => void): void => {
    if (!this.isServing || this.isClosed) {
      this.isServing = true
      return request()
    }
    this.waiting.push(request)
    if (this.waiting.length > mostWaiting) this.socket.destroy()
  }

  readonly done = (): void => {
    this.isServing = false
    const next = this.waiting.shift()
    if (next !== undefined) this.serve(next)
  }

  readonly watch = (who: Departing): void => {
    if (this.isClosed) queueMicrotask(() => who.onClosed())
    else this.watching.push(who)
  }

  readonly unwatch = (who: Departing): void => {
    const at = this.watching.indexOf(who)
    if (at !== -1) this.watching.splice(at, 1)
  }

  private close(): void {
    this.isClosed = true
    for (const who of this.watching.splice(0)) who.onClosed()
    // Each of them is an exchange, if only one whose caller has left.
    for (const request of this.waiting.splice(0)) request()
  }
}
