import { RelayEnd } from "../domain/failure/Outcome.js"

/** Where an answer goes: the caller's connection, or whatever stands for it. */
export interface ResponseSink {
  /** Tells of the caller from now on; a departure that has already happened is told at once. */
  listen(listener: SinkListener): void
  /** Sends the head. */
  start(status: number, headers: Readonly<Record<string, string>>): void
  /** Sends a piece of the body; false asks to wait for `onDrained`. */
  write(text: string): boolean
  /** Sends the last piece and says whether the caller took everything. */
  end(text: string, onEnded: (delivered: boolean) => void): void
  /** Closes the connection of a caller that does not take the rest. */
  abandon(): void
}

/** Hears of the caller while an answer is relayed. */
export interface SinkListener {
  onDrained(): void
  /** The caller closed its connection. */
  onLeft(): void
  /** The gateway stops and the drain deadline has passed. */
  onCut(): void
}

/** How long a caller may take to read the last piece of an answer that was cut short, in ms. */
export const lastRead = 1_000

/** Sends a whole JSON response and says whether the caller took it. */
export const sendJson = (
  sink: ResponseSink,
  status: number,
  headers: Readonly<Record<string, string>>,
  text: string,
  onEnded: (delivered: boolean) => void
): void => {
  const length = String(Buffer.byteLength(text))
  sink.start(status, Object.assign({}, headers, { "content-type": "application/json", "content-length": length }))
  sink.end(text, onEnded)
}

/** How an answer ended: one that the caller did not take to its end is not complete, whatever the backend did. */
export const whenEnded = (end: RelayEnd, delivered: boolean, gone: RelayEnd | undefined): RelayEnd =>
  delivered || end._tag !== "Completed" ? end : (gone ?? RelayEnd.CallerLeft())
