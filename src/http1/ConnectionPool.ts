import * as Either from "effect/Either"
import { Connection } from "./Connection.js"
import * as Connector from "./Connector.js"
import type { Connections, Request, ResponseHandler } from "./Dispatch.js"
import * as LoopTurn from "./LoopTurn.js"
import * as RequestHead from "./RequestHead.js"
import * as SentInVain from "./SentInVain.js"

export type { Options } from "./Connector.js"

/** The connections to one server, as many as there are requests under way. */
export interface ConnectionPool extends Connections {
  /** Keeps no connection any more that has nothing to do; what is under way goes on. */
  retire(): void
  /** Closes all connections; resolves when they are closed. */
  destroy(): Promise<void>
}

/** So long an idle connection is kept where the server does not say how long it does, in ms: many do for five seconds. */
const keptFor = 4_000
/** So much shorter than the server says. */
const margin = 1_000
/**
 * So old a connection may be when it is to serve again, in ms: its name may lead elsewhere by now, or to more addresses.
 * Those that were made together do not end together, and each has up to so much less.
 */
const oldest = 600_000
const spread = 60_000
/**
 * So long, in ms, and a look at the sockets, an idle connection rests before it serves again: the second answer of a server
 * that answers twice has come by then, and would otherwise be taken for that to the next request.
 */
const rest = 5
/** What comes unasked within so long of an answer, in ms, comes from a server that answers twice. */
const behind = 1_000
/** For so long such a server gets no second request over a connection, in ms. */
const distrust = 600_000
/** So often, in ms, it is looked what became of requests that have no sign of an answer for as long. */
const lookInterval = 10_000
/** How often idle connections are looked through, in ms. */
const sweepInterval = 1_000

/** A pool without connections; they are made when they are needed. */
export const make = (options: Connector.Options, vain: SentInVain.SentInVain = SentInVain.shared): ConnectionPool =>
  new Pool(options, vain)

interface Idle {
  readonly connection: Connection
  /** Since when, and until when, by `performance.now()`. */
  readonly at: number
  readonly until: number
  /** The turn of the loop in which it became idle. */
  readonly turn: number
}

class Pool implements ConnectionPool {
  private readonly connector: Connector.Connector
  private readonly host: string
  private readonly all = new Set<Connection>()
  /** The one that was used last comes last. */
  private readonly idle: Array<Idle> = []
  private sweeping: NodeJS.Timeout | undefined = undefined
  private looking: NodeJS.Timeout | undefined = undefined
  private isRetired = false
  /** Until when the server is trusted with one request for each connection, by `performance.now()`. */
  private wronged = 0
  private closing: Promise<void> | undefined = undefined
  private onEmpty = () => {}

  constructor(
    options: Connector.Options,
    private readonly vain: SentInVain.SentInVain
  ) {
    this.connector = Connector.make(options)
    this.host = options.url.host
  }

  dispatch(request: Request, handler: ResponseHandler): void {
    const head = RequestHead.write(request, this.host)
    if (Either.isLeft(head)) return refuse(handler, head.left)
    if (this.closing !== undefined) return refuse(handler, closed())
    const connection = this.takeIdle() ?? this.open()
    connection.send({ head: head.right, body: request.body }, handler)
    this.lookLater()
  }

  retire(): void {
    this.isRetired = true
    for (const { connection } of this.idle.splice(0)) connection.close(retired)
  }

  destroy(): Promise<void> {
    this.isRetired = true
    clearTimeout(this.sweeping)
    clearTimeout(this.looking)
    this.closing ??= new Promise((resolve) => {
      this.onEmpty = resolve
      for (const connection of this.all) connection.close(closed())
      if (this.all.size === 0) resolve()
    })
    return this.closing
  }

  onIdle(connection: Connection, hint: number | undefined): void {
    const span = hint === undefined ? keptFor : hint - margin
    const now = performance.now()
    const until = Math.min(now + span, connection.madeAt + oldest - spread * connection.share)
    if (this.isRetired || until <= now || now < this.wronged) return connection.close(retired)
    this.idle.push({ connection, at: now, until, turn: LoopTurn.current() })
    this.sweepLater()
  }

  onClosed(connection: Connection): void {
    this.all.delete(connection)
    const at = this.idle.findIndex((idle) => idle.connection === connection)
    if (at !== -1) this.idle.splice(at, 1)
    if (this.all.size === 0) this.onEmpty()
  }

  onUnasked(connection: Connection): void {
    const idle = this.idle.find((each) => each.connection === connection)
    const now = performance.now()
    // Much later it is no answer: some servers say so when they close what was idle for too long. Of one that is asked
    // again already it is not certain.
    if (idle !== undefined && now - idle.at < behind) this.wronged = now + distrust
  }

  private open(): Connection {
    const connection = new Connection(this.connector, this)
    this.all.add(connection)
    return connection
  }

  // Those that have not rested long enough are the last of them.
  private takeIdle(): Connection | undefined {
    const now = performance.now()
    const turn = LoopTurn.current()
    for (let at = this.idle.length - 1; at >= 0; at--) {
      const each = this.idle[at]
      if (each === undefined || each.at + rest > now || each.turn === turn) continue
      this.idle.splice(at, 1)
      if (each.until > now) return each.connection
      each.connection.close(retired)
    }
    return undefined
  }

  private lookLater(): void {
    this.looking ??= setTimeout(() => this.look(), lookInterval).unref()
  }

  // TCP itself would send the same again for a quarter of an hour.
  private look(): void {
    this.looking = undefined
    const now = performance.now()
    const unanswered = [...this.all].filter((each) => each.isUnanswered(now))
    if (unanswered.length === 0) return
    this.lookLater()
    const suspects = unanswered.filter((each) => each.isUnanswered(now - lookInterval))
    if (suspects.length === 0) return
    void this.vain.find().then((isVain) => {
      for (const connection of suspects) {
        const ends = connection.isUnanswered(now) ? connection.ends() : undefined
        if (ends !== undefined && isVain(ends)) connection.close(new SentInVain.NotAcknowledged())
      }
    })
  }

  private sweepLater(): void {
    this.sweeping ??= setTimeout(() => this.sweep(), sweepInterval).unref()
  }

  private sweep(): void {
    this.sweeping = undefined
    const now = performance.now()
    const kept = this.idle.splice(0)
    for (const each of kept) {
      if (each.until <= now) each.connection.close(retired)
      else {
        each.connection.rest()
        this.idle.push(each)
      }
    }
    if (this.idle.length > 0) this.sweepLater()
  }
}

const retired = new Error("the connection was idle for too long")

const closed = () => new Error("the connections were closed")

const refuse = (handler: ResponseHandler, cause: Error): void =>
  queueMicrotask(() => handler.onResponseError(undefined, cause))
