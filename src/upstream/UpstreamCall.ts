import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Headers } from "../domain/backend/Credentials.js"
import { ConnectFailed, ConnectionLost, ResourcesExhausted } from "../domain/failure/Failure.js"
import type { HeadersTimedOut, TotalTimedOut } from "../domain/failure/Failure.js"
import * as OwnShortage from "../domain/failure/OwnShortage.js"
import type { Connections, Controller, ResponseHandler } from "../http1/Dispatch.js"
import * as Alarm from "../flow/Alarm.js"
import { Gathered } from "../flow/Gathered.js"

/** The bytes of an answer as they arrive, held back while nobody listens. */
export interface UpstreamBody {
  /** Sends the bytes to a listener from now on, and everything that has waited for one first. */
  listen(listener: BodyListener): void
  /** Holds the bytes back; the backend feels it when its socket is full. */
  pause(): void
  /** Undoes {@link pause} for the present listener. */
  resume(): void
}

/** Hears of a body; after `onEnd` or `onLost` nothing more comes. */
export interface BodyListener {
  onData(bytes: Uint8Array): void
  onEnd(): void
  /** The connection broke in the middle of the body. */
  onLost(cause: unknown): void
}

/** The head of an answer, with its body still to come. */
export interface UpstreamHead {
  readonly status: number
  readonly headers: Headers
  readonly body: UpstreamBody
}

/** Hears once how a call begins. */
export interface HeadListener {
  onHead(head: UpstreamHead): void
  onFailed(failure: CallFailure): void
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

export type CallFailure = ConnectFailed | ResourcesExhausted | ConnectionLost | HeadersTimedOut | TotalTimedOut

/** One HTTP request to a backend, from its connection to the end of its body. */
export interface UpstreamCall {
  /** Sends the request, once. */
  send(listener: HeadListener): void
  /** Is not set once the head is there; for whoever waits for the body. */
  readonly alarm: Alarm.Alarm
  /** Ends the call for good, whatever it is doing; the socket is closed unless the body had ended. */
  abort(): void
  /** Lets what is left of the body pass unheard, so that the socket can serve again; aborts when it does not end soon. */
  release(): void
}

/** How long a backend may hold its socket after a complete answer, in ms. */
const releasePatience = 1_000

/** A call through these connections; nothing is sent yet. */
export const make = (connections: Connections, options: CallOptions): UpstreamCall => new Call(connections, options)

/** Sends the request and waits for the head; whoever is interrupted while it waits has to abort the call. */
export const head = (call: UpstreamCall): Effect.Effect<UpstreamHead, CallFailure> =>
  Effect.async((resume) =>
    call.send({
      onHead: (head) => resume(Effect.succeed(head)),
      onFailed: (failure) => resume(Effect.fail(failure))
    })
  )

/** The text of a small body; of a larger one only the first `size` bytes. Fails when it breaks off or takes too long. */
export const readText = <E>(
  body: UpstreamBody,
  size: number,
  limit: Alarm.Limit<E>
): Effect.Effect<string, E | ConnectionLost> =>
  Effect.async((resume) => {
    const gathered = new Gathered()
    const alarm = Alarm.make()
    const settle = (result: Effect.Effect<string, E | ConnectionLost>) => {
      alarm.clear()
      body.pause()
      resume(result)
    }
    const text = Effect.sync(() => gathered.take().toString("utf8", 0, size))
    alarm.set(limit.after, () => settle(Effect.failSync(limit.failure)))
    body.listen({
      onData: (bytes) => {
        gathered.push(bytes)
        if (gathered.size() >= size) settle(text)
      },
      onEnd: () => settle(text),
      onLost: (cause) => settle(new ConnectionLost({ requestSent: true, cause }))
    })
    return Effect.sync(() => alarm.clear())
  })

type Ending = { readonly _tag: "End" } | { readonly _tag: "Lost"; readonly cause: unknown }

class Call implements UpstreamCall, UpstreamBody, ResponseHandler {
  readonly alarm = Alarm.make()
  private head: HeadListener | undefined = undefined
  private controller: Controller | undefined = undefined
  private listener: BodyListener | undefined = undefined
  private readonly waiting = new Gathered()
  private headed = false
  private paused = false
  private aborted = false
  private ending: Ending | undefined = undefined

  constructor(
    private readonly connections: Connections,
    private readonly options: CallOptions
  ) {}

  send(listener: HeadListener): void {
    const { body, connectTimeout, headers, method, origin, path } = this.options
    this.head = listener
    this.alarm.set(Duration.toMillis(connectTimeout), () =>
      this.fail(new ConnectFailed({ timedOut: true, cause: new Error("timed out") }))
    )
    this.connections.dispatch({ origin, path, method, headers, body, headersTimeout: 0, bodyTimeout: 0 }, this)
  }

  abort(): void {
    this.alarm.clear()
    if (this.aborted) return
    this.aborted = true
    if (this.ending === undefined) this.controller?.abort(new Error("aborted by the gateway"))
  }

  release(): void {
    this.alarm.clear()
    if (this.ending !== undefined) return
    const done = () => this.alarm.clear()
    this.alarm.set(releasePatience, () => this.abort())
    this.listen({ onData: () => {}, onEnd: done, onLost: done })
  }

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

  onRequestStart(controller: Controller): void {
    this.controller = controller
    if (this.aborted) return controller.abort(new Error("aborted by the gateway"))
    const { after, failure } = this.options.headLimit
    this.alarm.set(after, () => this.fail(failure()))
  }

  onResponseStart(controller: Controller, status: number, headers: Headers): void {
    // Some dispatchers tell of informational heads; the real one follows.
    if (status < 200) return
    this.alarm.clear()
    this.headed = true
    this.paused = true
    this.head?.onHead({ status, headers, body: this })
    // Nobody may have begun to listen.
    if (this.paused) controller.pause()
  }

  onResponseData(_: Controller, bytes: Uint8Array): void {
    if (this.waiting.size() === 0 && this.listener !== undefined && !this.paused && !this.aborted) {
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
    if (!this.headed && !this.aborted) {
      this.fail(failureOf(cause, this.controller !== undefined))
    }
    this.deliver()
  }

  private fail(failure: CallFailure): void {
    this.abort()
    this.head?.onFailed(failure)
  }

  private deliver(): void {
    while (!this.paused && !this.aborted && this.listener !== undefined) {
      if (this.waiting.size() === 0) return this.deliverEnding(this.listener)
      this.listener.onData(this.waiting.take())
    }
  }

  private deliverEnding(listener: BodyListener): void {
    if (this.ending === undefined) return
    this.listener = undefined
    if (this.ending._tag === "End") listener.onEnd()
    else listener.onLost(this.ending.cause)
  }
}

const failureOf = (cause: unknown, reached: boolean): CallFailure => {
  const shortage = OwnShortage.of(cause)
  if (shortage !== undefined) return new ResourcesExhausted(shortage)
  return reached ? new ConnectionLost({ requestSent: true, cause }) : new ConnectFailed({ timedOut: false, cause })
}
