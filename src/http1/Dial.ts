import type * as net from "node:net"
import * as Data from "effect/Data"
import type { AddressOrder } from "./AddressOrder.js"
import type { Address, Leave, Told } from "./Names.js"

/** No connection was made in time. */
export class ConnectTimedOut extends Data.TaggedError("ConnectTimedOut")<{
  /** In ms. */
  readonly after: number
}> {
  override get message() {
    return `no connection within ${this.after} ms`
  }
}

/** Hears what becomes of a connection that is to be made. */
export interface Listener {
  /** It is made, with TLS where that is asked for. */
  onReady(socket: net.Socket): void
  onRead(bytes: Buffer): void
  /** There will be none. It is never told while the connection is asked for. */
  onFailed(cause: unknown): void
}

/** A connection that is being made. */
export interface Dial {
  /** Gives up, unless it is made; the listener hears of it as of a failure. */
  readonly cancel: (reason: unknown) => void
}

/** How a connection is made. */
export interface Options {
  readonly find: (told: Told) => Leave
  readonly connect: (address: Address) => net.Socket | Error
  readonly order: AddressOrder
  /** In ms, from the name to TLS. */
  readonly timeout: number
  readonly isSecure: boolean
}

/**
 * After so long, in ms, the next address is tried beside the one that does not answer (RFC 8305, 5); sooner where there are
 * so many that not all would have begun in half of the time.
 */
const stagger = 250

/**
 * Tries the addresses of a host, each for as long as there is time, and keeps the first connection that is made: neither
 * one that refuses nor one that is silent stands in the way of one that is slow.
 */
export const begin = (options: Options, listener: Listener): Dial => new Race(options, listener)

class Race implements Dial {
  private readonly late: NodeJS.Timeout
  private readonly leave: Leave
  private next: NodeJS.Timeout | undefined = undefined
  private untried: ReadonlyArray<Address> = []
  private pace = stagger
  private readonly trying = new Map<net.Socket, Address>()
  /** The first that has connected, TLS or not. */
  private first: net.Socket | undefined = undefined
  private readonly causes: Array<unknown> = []
  private isOver = false

  constructor(
    private readonly options: Options,
    private readonly listener: Listener
  ) {
    const { timeout } = options
    this.late = setTimeout(() => this.onLate(), timeout)
    this.leave = options.find((result) => this.onFound(result))
  }

  cancel(reason: unknown): void {
    if (this.isOver) return
    this.end()
    process.nextTick(() => this.listener.onFailed(reason))
  }

  private onFound(result: ReadonlyArray<Address> | Error): void {
    if (this.isOver) return
    if (result instanceof Error) return this.cancel(result)
    this.untried = this.options.order.next(result)
    this.pace = Math.min(stagger, this.options.timeout / (2 * result.length))
    this.tryNext()
  }

  private tryNext(): void {
    clearTimeout(this.next)
    const [address, ...untried] = this.untried
    if (address === undefined) {
      if (this.trying.size === 0) this.cancel(together(this.causes))
      return
    }
    this.untried = untried
    const socket = this.options.connect(address)
    if (socket instanceof Error) return this.cancel(socket)
    this.trying.set(socket, address)
    socket.on("error", (cause) => this.onError(socket, address, cause))
    socket.once("connect", () => this.onConnect(socket))
    if (this.options.isSecure) socket.once("secureConnect", () => this.onReady(socket, address))
    if (untried.length > 0) this.next = setTimeout(() => this.tryNext(), this.pace)
  }

  private onConnect(socket: net.Socket): void {
    if (this.isOver || this.first !== undefined) return
    this.first = socket
    clearTimeout(this.next)
    this.loseOthers(socket)
    const address = this.trying.get(socket)
    if (!this.options.isSecure && address !== undefined) this.onReady(socket, address)
  }

  private onReady(socket: net.Socket, address: Address): void {
    if (this.isOver) return
    this.trying.delete(socket)
    this.options.order.trust(address)
    this.end()
    this.listener.onReady(socket)
  }

  private onError(socket: net.Socket, address: Address, cause: unknown): void {
    if (this.isOver || !this.trying.delete(socket)) return
    this.causes.push(cause)
    this.options.order.avoid(address)
    if (this.first === socket) this.first = undefined
    this.tryNext()
  }

  private onLate(): void {
    for (const address of this.trying.values()) this.options.order.avoid(address)
    this.cancel(new ConnectTimedOut({ after: this.options.timeout }))
  }

  // Whoever began earlier had at least as much time.
  private loseOthers(winner: net.Socket): void {
    let isBefore = true
    for (const [socket, address] of this.trying) {
      if (socket === winner) isBefore = false
      else {
        if (isBefore) this.options.order.avoid(address)
        this.trying.delete(socket)
        socket.destroy()
      }
    }
  }

  private end(): void {
    this.isOver = true
    clearTimeout(this.late)
    clearTimeout(this.next)
    this.leave?.()
    for (const socket of this.trying.keys()) socket.destroy()
    this.trying.clear()
  }
}

// All of them often say the same.
const together = (causes: ReadonlyArray<unknown>): unknown => {
  const [first, ...others] = causes
  if (others.length === 0) return first
  const told = new Set(causes.map((cause) => (cause instanceof Error ? cause.message : String(cause))))
  return new AggregateError(causes, [...told].join("; "))
}
