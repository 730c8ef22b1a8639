import type { Controller, ResponseHandler } from "../http1/Dispatch.js"

/** An answer that is made inside the process and told to a handler as one from a socket is. */
export class LocalAnswer implements Controller {
  aborted = false
  private paused = false
  private readonly waiting: Array<() => void> = []
  private over = false

  /** `onClosed` hears once that nobody listens any more, or that all was told. */
  constructor(
    private readonly handler: ResponseHandler,
    private readonly onClosed: () => void = () => {}
  ) {}

  /** Takes the request, and answers it in a later turn. */
  begin(answer: () => void): void {
    setImmediate(() => {
      this.handler.onRequestStart(this)
      if (!this.aborted) answer()
    })
  }

  head(status: number, headers: Record<string, string>): void {
    this.tell(() => this.handler.onResponseStart(this, status, headers))
  }

  data(bytes: Buffer): void {
    this.tell(() => this.handler.onResponseData(this, bytes))
  }

  end(): void {
    this.tell(() => this.close(() => this.handler.onResponseEnd(this)))
  }

  /** Breaks the connection. */
  fail(cause: Error): void {
    this.tell(() => this.close(() => this.handler.onResponseError(this, cause)))
  }

  abort(reason: Error): void {
    if (this.aborted || this.over) return
    this.aborted = true
    this.close(() => this.handler.onResponseError(this, reason))
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
    this.deliver()
  }

  private tell(event: () => void): void {
    this.waiting.push(event)
    this.deliver()
  }

  private deliver(): void {
    while (!this.paused && !this.over) {
      const event = this.waiting.shift()
      if (event === undefined) return
      event()
    }
  }

  private close(last: () => void): void {
    this.over = true
    this.waiting.length = 0
    last()
    this.onClosed()
  }
}
