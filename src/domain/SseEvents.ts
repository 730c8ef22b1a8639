import { createParser } from "eventsource-parser"

/** One event of a stream; an `error:` field line (older llama.cpp) becomes an event named `error`. */
export interface SseEvent {
  readonly event: string | undefined
  readonly data: string
}

/** Turns the text of one stream into its events, however it is cut. */
export interface Decoder {
  /** Whether surely no event is open, so that what comes next begins one. */
  readonly isBetween: () => boolean
  /** The events that this text completes. */
  readonly push: (text: string) => ReadonlyArray<SseEvent>
  /** The event that was left open at the end of the stream, which many servers forget to close. */
  readonly end: () => ReadonlyArray<SseEvent>
  /** True once an event outgrew the limit; nothing more comes out then. */
  readonly overflowed: () => boolean
}

/** A single event may be this large, in characters. */
const maxEventSize = 16 * 1024 * 1024

/** A decoder for one stream. */
export const make = (limit: number = maxEventSize): Decoder => {
  let events: Array<SseEvent> = []
  let overflowed = false
  let between = true
  const parser = createParser({
    maxBufferSize: limit,
    onEvent: ({ event, data }) => events.push({ event, data }),
    onError: (error) => {
      if (error.type === "max-buffer-size-exceeded") overflowed = true
      else if (error.type === "unknown-field" && error.field === "error") {
        events.push({ event: "error", data: error.value ?? "" })
      }
    }
  })
  // The parser throws when it is fed after an overflow.
  const feed = (chunk: string): ReadonlyArray<SseEvent> => {
    if (!overflowed) parser.feed(chunk)
    const complete = events
    events = []
    return complete
  }
  return {
    isBetween: () => between,
    push: (chunk) => {
      between = chunk === "" ? between : chunk.endsWith("\n\n")
      return feed(chunk)
    },
    end: () => feed("\n\n"),
    overflowed: () => overflowed
  }
}

/** One event on the wire: a single line of JSON. */
export const frame = (data: object): string => framed(JSON.stringify(data))

/** One event on the wire, with this data. */
export const framed = (data: string): string => `data: ${data}\n\n`

/** What ends a complete stream. */
export const done = "data: [DONE]\n\n"

/** A sign of life; one line end only, for two would end an event that is not there. */
export const keepalive = ": keepalive\n"
