import type { Headers } from "../domain/backend/Credentials.js"
import type { Connections, Controller, Framing, ResponseHandler } from "../http1/Dispatch.js"

/** So much of a body may come after it was asked to pause before undici is paused, in bytes. */
const mostUnpaused = 256 * 1024

/** So much may come where undici must not be paused, in bytes; what sends more is broken off. */
const mostAtAll = 16 * 1024 ** 2

/**
 * Connections that go through a dispatcher of undici's, which must seldom be paused: when the server closes a connection
 * whose reader is paused, undici 7 loses the end of a whole answer, or throws where nobody can catch it and ends the
 * process. `otherwise` is what tells the end of a body where its headers do not say; undefined where that is not known.
 */
export const through = (dispatcher: Connections, otherwise?: Framing): Connections => ({
  dispatch: (request, handler) => dispatcher.dispatch(request, new UndiciCall(handler, otherwise))
})

/** One request through undici; it steers undici as the handler steers it. */
class UndiciCall implements ResponseHandler, Controller {
  framing: Framing | undefined = undefined
  private undici: Controller | undefined = undefined
  private isPausable = false
  private isPaused = false
  private isHeldBack = false
  /** What has come since the handler last asked for more, in bytes. */
  private ahead = 0

  constructor(
    private readonly handler: ResponseHandler,
    private readonly otherwise: Framing | undefined
  ) {}

  onRequestStart(undici: Controller): void {
    this.undici = undici
    this.handler.onRequestStart(this)
  }

  onResponseStart(_: Controller, status: number, headers: Headers): void {
    this.framing = framingOf(status, headers) ?? this.otherwise
    // What a server of HTTP/1.0 answers without it ends with its connection, and nobody tells that it is one.
    this.isPausable = this.framing !== "close" && isKept(headers["connection"])
    this.handler.onResponseStart(this, status, headers)
  }

  onResponseData(undici: Controller, bytes: Uint8Array): void {
    this.handler.onResponseData(this, bytes)
    if (!this.isPaused) return
    this.ahead += bytes.length
    if (this.isPausable && this.ahead > mostUnpaused) this.holdBack(undici)
    else if (this.ahead > mostAtAll) undici.abort(new Error("the answer comes faster than it is read"))
  }

  onResponseEnd(): void {
    this.handler.onResponseEnd(this)
  }

  onResponseError(_: unknown, cause: unknown): void {
    this.handler.onResponseError(this, cause)
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
    this.ahead = 0
    if (!this.isHeldBack) return
    this.isHeldBack = false
    this.undici?.resume()
  }

  abort(reason: Error): void {
    this.undici?.abort(reason)
  }

  private holdBack(undici: Controller): void {
    if (this.isHeldBack) return
    this.isHeldBack = true
    undici.pause()
  }
}

const framingOf = (status: number, headers: Headers): Framing | undefined => {
  if (headers["transfer-encoding"] !== undefined) return "chunked"
  return headers["content-length"] !== undefined || status === 204 || status === 304 ? "length" : undefined
}

const isKept = (connection: Headers[string]): boolean =>
  typeof connection === "string" && connection.toLowerCase() === "keep-alive"
