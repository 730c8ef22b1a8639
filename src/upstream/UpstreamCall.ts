import { Readable } from "node:stream"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { Headers } from "../domain/backend/Credentials.js"
import { ConnectFailed, ConnectionLost, ResourcesExhausted } from "../domain/failure/Failure.js"
import type { HeadersTimedOut, TotalTimedOut } from "../domain/failure/Failure.js"
import type { Upload } from "../domain/form/Upload.js"
import * as OwnShortage from "../domain/failure/OwnShortage.js"
import type { Connections, Controller, ResponseHandler } from "../http1/Dispatch.js"
import * as Alarm from "../flow/Alarm.js"
import { Gathered } from "../flow/Gathered.js"
import { BodyLost } from "./UpstreamHead.js"
import type { Alive, BodyFailure, BodyLate, Patience, UpstreamHead } from "./UpstreamHead.js"
import type { LightScope } from "../flow/LightScope.js"
import * as Source from "../flow/Source.js"

/** What is asked of a backend, and how long its parts may take. */
export interface CallOptions {
  readonly origin: string
  readonly path: string
  readonly method: "GET" | "POST"
  readonly headers: Record<string, string>
  readonly body: string | Upload | null
  readonly connectTimeout: Duration.Duration
  /** How long to wait for the head, and the failure when it does not come. */
  readonly headLimit: Alarm.Limit<HeadersTimedOut | TotalTimedOut>
  readonly beside?: Beside | undefined
}

/** What is done, once, beside a call that is silent, or late though it shows life: that goes on being waited for. */
export interface Beside {
  /** How long nothing of the answer has come, in ms. */
  readonly after: number
  /** Is run by whoever waits for the call. `callOff` breaks the call off, so that the wait is over. */
  readonly begin: (callOff: () => void) => Effect.Effect<void>
}

/** Why there is no head. */
export type CallFailure = ConnectFailed | ResourcesExhausted | ConnectionLost | HeadersTimedOut | TotalTimedOut

/** So many pieces that wait are kept apart: each takes as much memory again as a small one has bytes. */
const mostPieces = 64

/** How long a backend may hold its socket after a complete answer, in ms. */
const releasePatience = 1_000

/**
 * Sends a request and waits for the head of its answer. When the scope closes the call is over: after a failure its
 * connection is closed, otherwise it serves again as soon as the rest of the body has passed unheard.
 */
export const open = (
  scope: LightScope,
  connections: Connections,
  options: CallOptions
): Effect.Effect<UpstreamHead, CallFailure> =>
  Effect.suspend(() => {
    const call = new Call(connections, options)
    scope.addFinalizer(call.close)
    return call.head
  })

type Waiter<A, E> = (result: Effect.Effect<A, E>) => void

/** One request to a backend, from its connection to the end of its body: what a dispatcher tells, to be pulled. */
class Call implements ResponseHandler, Source.Source<Uint8Array, BodyFailure> {
  private readonly alarm = Alarm.make()
  private readonly deadline = Alarm.make()
  /** Rings when {@link Beside} is to begin; undefined where it is not, or no more. */
  private silent: Alarm.Alarm | undefined = undefined
  /** What is to be run by whoever waits. */
  private beside: Effect.Effect<void> | undefined = undefined
  private isLifeWatched = false
  /** By `performance.now()`. */
  private lastHeard = 0
  private controller: Controller | undefined = undefined
  private onHead: Waiter<UpstreamHead, CallFailure> | undefined = undefined
  /** What there is to tell of the head while nobody waits for it. */
  private told: Effect.Effect<UpstreamHead, CallFailure> | undefined = undefined
  private reader: (() => void) | undefined = undefined
  private silence: Alarm.Limit<BodyLate> | undefined = undefined
  private isSilenceWatched = false
  /** What came while nobody pulled, piece by piece up to `mostPieces`; the rest of it is put together. */
  private unread: Array<Uint8Array> | undefined = undefined
  private readonly further = new Gathered()
  private isHeard = true
  private isAborted = false
  /** How the body ended: well, or with its failure. */
  private ending: Option.Option<BodyFailure> | undefined = undefined
  private isOver = false
  /** The body, where it is read while it is sent. */
  private sending: Readable | undefined = undefined

  constructor(
    private readonly connections: Connections,
    private readonly options: CallOptions
  ) {}

  readonly head: Effect.Effect<UpstreamHead, CallFailure> = Effect.async((resume) => {
    this.onHead = resume
    this.send()
  })

  private readonly headAnew: Effect.Effect<UpstreamHead, CallFailure> = Effect.async((resume) => {
    if (this.told !== undefined) resume(this.told)
    else this.onHead = resume
  })

  readonly close = (exit: Exit.Exit<unknown, unknown>): undefined =>
    Exit.isSuccess(exit) ? this.release() : this.abort()

  /** Ends the call for good, whatever it is doing; the socket is closed unless the body had ended. */
  abort(): undefined {
    this.stopWaiting()
    if (this.isAborted) return
    this.isAborted = true
    this.sending?.destroy()
    if (!this.isOver) this.controller?.abort(new Error("aborted by the gateway"))
  }

  /** Lets what is left of the body pass unheard, so that the socket can serve again; aborts when it does not end soon. */
  release(): undefined {
    this.stopWaiting()
    if (this.isOver || this.isAborted) return
    this.alarm.set(releasePatience, () => this.abort())
    this.controller?.resume()
  }

  onRequestStart(controller: Controller): void {
    this.controller = controller
    if (this.isAborted) return controller.abort(new Error("aborted by the gateway"))
    const { after, failure } = this.options.headLimit
    this.alarm.set(after, () => this.fail(failure()))
  }

  onResponseStart(controller: Controller, status: number, headers: Headers): void {
    // Some dispatchers tell of informational heads; the real one follows.
    if (status < 200) return
    this.alarm.clear()
    this.silent?.refresh()
    controller.pause()
    const { framing } = controller
    const body = Source.stream<Uint8Array, BodyFailure>(this)
    const setPatience = (patience: Patience) => this.setPatience(patience)
    this.tellHead(Exit.succeed({ status, headers, framing, body, setPatience }))
  }

  onResponseData(controller: Controller, bytes: Uint8Array): void {
    if (!this.isHeard) return
    controller.pause()
    this.silent?.refresh()
    if (this.isLifeWatched) this.lastHeard = performance.now()
    this.keep(bytes)
    this.wakeReader()
  }

  onResponseEnd(): void {
    this.isOver = true
    this.sending?.destroy()
    this.stopBeside()
    this.stopReleasing()
    this.end(Option.none())
  }

  onResponseError(_: unknown, cause: unknown): void {
    if (this.onHead !== undefined && !this.isAborted) this.fail(failureOf(cause, this.controller !== undefined))
    this.isOver = true
    this.sending?.destroy()
    this.stopBeside()
    this.stopReleasing()
    this.end(Option.some(new BodyLost({ cause })))
  }

  wait(wake: () => void): Effect.Effect<void> | undefined {
    if (this.unread !== undefined || this.ending !== undefined) return void wake()
    const { beside } = this
    this.beside = undefined
    if (beside !== undefined) return beside
    this.reader = wake
    this.watchSilence()
    this.controller?.resume()
    return undefined
  }

  poll(): Source.Step<Uint8Array, BodyFailure> | undefined {
    if (this.unread === undefined && this.ending === undefined) return undefined
    return { values: this.takeUnread(), end: this.ending }
  }

  private setPatience({ alive, each, total }: Patience): void {
    this.silence = each
    this.isSilenceWatched = false
    this.isLifeWatched = alive !== undefined
    // Between two reads there is something to read: nobody else need be asked any more.
    if (each !== undefined) this.stopBeside()
    this.alarm.clear()
    this.endAfter(total, alive)
  }

  private endAfter({ after, failure }: Alarm.Limit<BodyLate>, alive?: Alive): void {
    this.deadline.set(after, () => {
      if (alive === undefined || performance.now() - this.lastHeard > alive.within) {
        return this.end(Option.some(failure()))
      }
      this.silence = { after: alive.within, failure }
      if (this.reader !== undefined) this.watchSilence()
      this.endAfter(alive.total)
      const { beside } = this.options
      if (this.silent !== undefined && beside !== undefined) this.onSilent(beside.begin)
    })
  }

  // To start the time anew costs less than to set it and clear it for each wait.
  private watchSilence(): void {
    const { silence } = this
    if (silence === undefined) return
    if (this.isSilenceWatched) return this.alarm.refresh()
    this.isSilenceWatched = true
    this.alarm.set(silence.after, () => {
      this.isSilenceWatched = false
      // While nobody asks for more, the silence is our doing.
      if (this.reader !== undefined) this.end(Option.some(silence.failure()))
    })
  }

  private keep(bytes: Uint8Array): void {
    // Most often it is one, and an array that grows has room for more.
    if (this.unread === undefined) this.unread = [bytes]
    else if (this.unread.length < mostPieces) this.unread.push(bytes)
    else this.further.push(bytes)
  }

  private takeUnread(): ReadonlyArray<Uint8Array> {
    const { further, unread = [] } = this
    this.unread = undefined
    if (further.size() > 0) unread.push(further.take())
    return unread
  }

  private onSilent(begin: Beside["begin"]): void {
    this.silent?.clear()
    this.silent = undefined
    const beside = begin(() => this.callOff())
    const { onHead } = this
    this.onHead = undefined
    if (onHead !== undefined) return onHead(Effect.zipRight(beside, this.headAnew))
    this.beside = beside
    this.wakeReader()
  }

  private callOff(): void {
    const cause = new Error("called off by the gateway")
    this.tellHead(new ConnectionLost({ requestSent: true, cause }))
    this.end(Option.some(new BodyLost({ cause })))
    this.abort()
  }

  private stopBeside(): void {
    this.silent?.clear()
    this.silent = undefined
    this.beside = undefined
  }

  private send(): void {
    const { beside } = this.options
    if (beside !== undefined) {
      this.silent = Alarm.make()
      this.silent.set(beside.after, () => this.onSilent(beside.begin))
    }
    const { connectTimeout, headers, method, origin, path } = this.options
    const body = this.open(this.options.body)
    this.alarm.set(Duration.toMillis(connectTimeout), () =>
      this.fail(new ConnectFailed({ timedOut: true, cause: new Error("timed out") }))
    )
    this.connections.dispatch({ origin, path, method, headers, body, headersTimeout: 0, bodyTimeout: 0 }, this)
  }

  private open(body: string | Upload | null): string | Readable | null {
    if (body === null || typeof body === "string") return body
    this.sending = Readable.from(body.open(), { objectMode: false })
    return this.sending
  }

  // Nobody hears of it any more.
  private stopWaiting(): void {
    this.isHeard = false
    this.reader = undefined
    this.stopBeside()
    this.alarm.clear()
    this.deadline.clear()
    this.takeUnread()
  }

  private stopReleasing(): void {
    if (!this.isHeard) this.alarm.clear()
  }

  private wakeReader(): void {
    const { reader } = this
    if (reader === undefined) return
    this.reader = undefined
    reader()
  }

  private tellHead(result: Effect.Effect<UpstreamHead, CallFailure>): void {
    const { onHead } = this
    this.onHead = undefined
    if (onHead === undefined) this.told ??= result
    else onHead(result)
  }

  private fail(failure: CallFailure): void {
    this.abort()
    this.tellHead(Effect.fail(failure))
  }

  private end(how: Option.Option<BodyFailure>): void {
    this.ending ??= how
    this.wakeReader()
  }
}

const failureOf = (cause: unknown, reached: boolean): CallFailure => {
  const shortage = OwnShortage.of(cause)
  if (shortage !== undefined) return new ResourcesExhausted(shortage)
  return reached ? new ConnectionLost({ requestSent: true, cause }) : new ConnectFailed({ timedOut: false, cause })
}
