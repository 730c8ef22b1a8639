import * as Effect from "effect/Effect"
import type * as Duration from "effect/Duration"
import type { Dispatcher } from "undici"
import type { Headers } from "../domain/Credentials.js"
import { ConnectFailed, ConnectionLost } from "../domain/Failure.js"
import type { HeadersTimedOut, TotalTimedOut } from "../domain/Failure.js"
import * as Alarm from "./Alarm.js"

/** The bytes of an answer as they arrive, held back while nobody listens. */
export interface UpstreamBody {
  /** Sends the bytes to a listener from now on, and everything that has waited for one first. */
  readonly listen: (listener: BodyListener) => void
  /** Holds the bytes back; the backend feels it when its socket is full. */
  readonly pause: () => void
  /** Undoes {@link pause} for the present listener. */
  readonly resume: () => void
}

/** Hears of a body; after `onEnd` or `onLost` nothing more comes. */
export interface BodyListener {
  readonly onData: (bytes: Uint8Array) => void
  readonly onEnd: () => void
  /** The connection broke in the middle of the body. */
  readonly onLost: (cause: unknown) => void
}

/** The head of an answer, with its body still to come. */
export interface UpstreamHead {
  readonly status: number
  readonly headers: Headers
  readonly body: UpstreamBody
}

/** What is asked of a backend, and how long its parts may take. */
export interface CallOptions {
  readonly origin: string
  readonly path: string
  readonly method: "GET" | "POST"
  readonly headers: Record<string, string>
  readonly body: string | null
  readonly connectTimeout: Duration.Duration
  /** How long to wait for the head, and the failure when it does not come. */
  readonly headLimit: Alarm.Limit<HeadersTimedOut | TotalTimedOut>
}

export type CallFailure = ConnectFailed | ConnectionLost | HeadersTimedOut | TotalTimedOut

/** One HTTP request to a backend, from its connection to the end of its body. */
export interface UpstreamCall {
  /** Sends the request and waits for the head; whoever is interrupted while it waits has to {@link abort}. */
  readonly head: Effect.Effect<UpstreamHead, CallFailure>
  /** Not set once the head is there; for whoever waits for the body. The end of the call clears it. */
  readonly alarm: Alarm.Alarm
  /** Ends the call at once, whatever it is doing; the socket is closed unless the body had ended. */
  readonly abort: () => void
  /** Lets what is left of the body pass unheard, so that the socket can serve again; aborts when it does not end. */
  readonly release: () => void
}

/** How long a backend may hold its socket after a complete answer. */
const releaseMillis = 1_000

/** A call through a dispatcher; nothing is sent before its head is asked for. */
export const make = (dispatcher: Pick<Dispatcher, "dispatch">, options: CallOptions): UpstreamCall => {
  const alarm = Alarm.make()
  let transfer: Transfer | undefined
  const abort = () => {
    alarm.clear()
    transfer?.abort()
  }
  // To undo it in here would cost more operations than all the rest: it is undone with the call.
  const head = Effect.async<UpstreamHead, CallFailure>((resume) => {
    const fail = (failure: CallFailure) => {
      abort()
      resume(Effect.fail(failure))
    }
    const body = new Transfer({
      onConnected: () => alarm.set(options.headLimit.after, () => fail(options.headLimit.failure())),
      onHead: (status, headers) => {
        alarm.clear()
        resume(Effect.succeed({ status, headers, body }))
      },
      onFailed: (connected, cause) =>
        fail(
          connected ? new ConnectionLost({ requestSent: true, cause }) : new ConnectFailed({ timedOut: false, cause })
        )
    })
    transfer = body
    alarm.set(options.connectTimeout, () => fail(new ConnectFailed({ timedOut: true, cause: new Error("timed out") })))
    const { headers, method, origin, path } = options
    dispatcher.dispatch({ origin, path, method, headers, body: options.body, headersTimeout: 0, bodyTimeout: 0 }, body)
  })
  return {
    head,
    alarm,
    abort,
    release: () => {
      alarm.clear()
      if (transfer === undefined || transfer.isOver()) return
      const patience = setTimeout(abort, releaseMillis)
      const done = () => clearTimeout(patience)
      transfer.listen({ onData: () => {}, onEnd: done, onLost: done })
    }
  }
}

/** The text of a small body; of a larger one only the first `size` bytes. Fails when it breaks off or takes too long. */
export const readText = <E>(
  body: UpstreamBody,
  size: number,
  limit: Alarm.Limit<E>
): Effect.Effect<string, E | ConnectionLost> =>
  Effect.async((resume) => {
    const pieces: Array<Uint8Array> = []
    let read = 0
    const alarm = Alarm.make()
    const settle = (result: Effect.Effect<string, E | ConnectionLost>) => {
      alarm.clear()
      body.pause()
      resume(result)
    }
    const text = Effect.sync(() => Buffer.concat(pieces).subarray(0, size).toString("utf8"))
    alarm.set(limit.after, () => settle(Effect.failSync(limit.failure)))
    body.listen({
      onData: (bytes) => {
        pieces.push(bytes)
        read += bytes.length
        if (read >= size) settle(text)
      },
      onEnd: () => settle(text),
      onLost: (cause) => settle(new ConnectionLost({ requestSent: true, cause }))
    })
    return Effect.sync(() => alarm.clear())
  })

type Ending = { readonly _tag: "End" } | { readonly _tag: "Lost"; readonly cause: unknown }

/** What the head's effect hears of. */
interface HeadListener {
  readonly onConnected: () => void
  readonly onHead: (status: number, headers: Headers) => void
  readonly onFailed: (connected: boolean, cause: unknown) => void
}

class Transfer implements UpstreamBody, Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | undefined
  private listener: BodyListener | undefined
  private readonly waiting: Array<Uint8Array> = []
  private headed = false
  private paused = false
  private aborted = false
  private ending: Ending | undefined

  constructor(private readonly head: HeadListener) {}

  listen(listener: BodyListener): void {
    this.listener = listener
    this.resume()
  }

  pause(): void {
    this.paused = true
    this.controller?.pause()
  }

  resume(): void {
    this.paused = false
    this.deliver()
    if (!this.paused) this.controller?.resume()
  }

  /** Whether nothing more can come. */
  isOver(): boolean {
    return this.ending !== undefined
  }

  abort(): void {
    if (this.aborted) return
    this.aborted = true
    if (this.ending === undefined) this.controller?.abort(new Error("aborted by the gateway"))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    if (this.aborted) controller.abort(new Error("aborted by the gateway"))
    else this.head.onConnected()
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Headers): void {
    // 1xx heads are informational; the real one follows.
    if (status < 200) return
    this.headed = true
    this.pause()
    this.head.onHead(status, headers)
  }

  onResponseData(_: Dispatcher.DispatchController, bytes: Uint8Array): void {
    if (this.waiting.length === 0 && this.listener !== undefined && !this.paused && !this.aborted) {
      return this.listener.onData(bytes)
    }
    this.waiting.push(bytes)
    this.deliver()
  }

  onResponseEnd(): void {
    this.ending = { _tag: "End" }
    this.deliver()
  }

  onResponseError(_: unknown, cause: unknown): void {
    this.ending ??= { _tag: "Lost", cause }
    if (!this.headed && !this.aborted) this.head.onFailed(this.controller !== undefined, cause)
    this.deliver()
  }

  private deliver(): void {
    while (!this.paused && !this.aborted && this.listener !== undefined) {
      const bytes = this.waiting.shift()
      if (bytes === undefined) return this.deliverEnding(this.listener)
      this.listener.onData(bytes)
    }
  }

  private deliverEnding(listener: BodyListener): void {
    if (this.ending === undefined) return
    this.listener = undefined
    if (this.ending._tag === "End") listener.onEnd()
    else listener.onLost(this.ending.cause)
  }
}
