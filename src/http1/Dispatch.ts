import type { Readable } from "node:stream"
import type { Headers } from "../domain/backend/Credentials.js"

/**
 * A request whose body is in hand, or is read while it is sent: then `content-length` stands among the headers.
 *
 * @category models
 * @since 0.1.0
 */
export interface Request {
  readonly origin: string
  /** As in a URL, with its query. */
  readonly path: string
  readonly method: "GET" | "POST"
  /** By lower-case name; those that say how the message is framed are not among them, but for the length of a body that is read. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Readable | null
  /** For dispatchers that count the time themselves: whoever sends the request does. */
  readonly headersTimeout: 0
  readonly bodyTimeout: 0
}

/**
 * What sends requests; a `Dispatcher` of undici's is one.
 *
 * @category models
 * @since 0.1.0
 */
export interface Connections {
  dispatch(request: Request, handler: ResponseHandler): void
}

/**
 * Hears of one response; after `onResponseEnd` or `onResponseError` nothing more comes.
 *
 * @category models
 * @since 0.1.0
 */
export interface ResponseHandler {
  /** There is a connection, and the request is about to be written. */
  onRequestStart(controller: Controller): void
  onResponseStart(controller: Controller, status: number, headers: Headers): void
  onResponseData(controller: Controller, bytes: Uint8Array): void
  onResponseEnd(controller: Controller): void
  onResponseError(controller: unknown, cause: unknown): void
}

/**
 * What tells the end of a body: its length, a last chunk, or no more than that the connection is closed.
 *
 * @category models
 * @since 0.1.0
 */
export type Framing = "length" | "chunked" | "close"

/**
 * Steers one response while it comes.
 *
 * @category models
 * @since 0.1.0
 */
export interface Controller {
  /** Known from `onResponseStart` on; a dispatcher that is not ours does not say. */
  readonly framing?: Framing | undefined
  /** Asks for no more; a little of what is under way may still come. */
  pause(): void
  resume(): void
  /** Closes the connection; the handler hears of it as of an error. */
  abort(reason: Error): void
}
