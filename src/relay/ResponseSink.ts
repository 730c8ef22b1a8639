import * as Effect from "effect/Effect"
import { RelayEnd } from "../domain/failure/Outcome.js"
import * as Alarm from "../flow/Alarm.js"

/** Where an answer goes: the caller's connection, or whatever stands for it. */
export interface ResponseSink {
  /** Tells of the caller from now on; a departure that has already happened is told at once. */
  listen(listener: SinkListener): void
  /** Sends the head. */
  start(status: number, headers: Readonly<Record<string, string>>): void
  /** Sends a piece of the body; false asks to wait for {@link ResponseSink.drained}. */
  write(text: string): boolean
  /** The same for bytes, which must stay as they are. */
  writeBytes(bytes: Uint8Array): boolean
  /** Waits until the caller has taken what was written. */
  readonly drained: Effect.Effect<void>
  /** Sends the last piece and says whether the caller took everything. */
  end(text: string, onEnded: (delivered: boolean) => void): void
  /**
   * The same for a body that is not whole: the connection closes behind the last piece, without what would end the body,
   * so that nobody takes it for whole.
   */
  endShort(text: string, onEnded: (delivered: boolean) => void): void
  /** Closes the connection of a caller that does not take the rest. */
  abandon(): void
}

/** The caller's side of one exchange: a sink that the drain can cut. */
export interface CallerSink extends ResponseSink {
  /** Tells the listener to come to an end now. */
  cut(): void
  /** Breaks off what has begun, so that the caller cannot take it for whole; false when nothing has. */
  breakOff(): boolean
}

/** Hears of the caller. */
export interface SinkListener {
  /** The caller closed its connection. */
  onLeft(): void
  /** The gateway stops and the drain deadline has passed. */
  onCut(): void
}

/** How long a caller may take to read the last piece of an answer that was cut short, in ms. */
const lastRead = 1_000

/**
 * Sends the last piece of an answer that has come to this end and waits for the caller to take everything: at most so
 * long (ms) for a complete one, and a second for any other.
 */
export const finish = (
  sink: ResponseSink,
  end: RelayEnd,
  within: number,
  sendLast: (onEnded: (delivered: boolean) => void) => void
): Effect.Effect<RelayEnd> =>
  untilTaken(sink, end._tag === "Completed" ? within : lastRead, (onEnded, giveUpIn) => {
    let gone: RelayEnd | undefined
    sink.listen({
      onLeft: () => (gone ??= RelayEnd.CallerLeft()),
      onCut: () => {
        gone ??= RelayEnd.CutByDrain()
        giveUpIn(lastRead)
      }
    })
    sendLast((delivered) => onEnded(whenEnded(end, delivered, gone)))
  })

/**
 * Waits at most so long (ms) for the caller to take the last piece, which `send` sends; `giveUpIn` says anew how long. A
 * caller that does not take it loses its connection.
 */
export const untilTaken = <A>(
  sink: ResponseSink,
  within: number,
  send: (onEnded: (result: A) => void, giveUpIn: (millis: number) => void) => void
): Effect.Effect<A> =>
  Effect.async((resume) => {
    const patience = Alarm.make()
    const giveUpIn = (millis: number) => patience.set(millis, () => sink.abandon())
    giveUpIn(within)
    send((result) => {
      patience.clear()
      resume(Effect.succeed(result))
    }, giveUpIn)
  })

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

// One that the caller did not take to its end is not complete, whatever the backend did.
const whenEnded = (end: RelayEnd, delivered: boolean, gone: RelayEnd | undefined): RelayEnd =>
  delivered || end._tag !== "Completed" ? end : (gone ?? RelayEnd.CallerLeft())
