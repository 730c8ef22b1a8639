import { createParser } from "eventsource-parser"
import type { EventSourceParser } from "eventsource-parser"
import * as JsonText from "../json/JsonText.js"
import * as Rope from "../text/Rope.js"

/** One event of a stream; an `error:` field line (older llama.cpp) becomes an event named `error`. */
export interface SseEvent {
  readonly event: string | undefined
  readonly data: string
}

/** Turns the text of one stream into its events, however it is cut. */
export interface Decoder {
  /** Whether surely no event is open, so that what comes next begins one. */
  isBetween(): boolean
  /** The events that this text completes. */
  push(text: string): ReadonlyArray<SseEvent>
  /** The event that was left open at the end of the stream, which many servers forget to close. */
  end(): ReadonlyArray<SseEvent>
  /** True once an event outgrew the limit; nothing more comes out then. */
  overflowed(): boolean
}

/** A single event may be this large, in characters: as large as an answer that is not streamed. */
const maxEventSize = 64 * 1024 * 1024

/** Parts of lines are gathered up to this size, in characters, and a text with a CR is cut into pieces of it. */
const bite = 1_024

/** A decoder for one stream. */
export const make = (limit: number = maxEventSize): Decoder => new EventDecoder(limit)

class EventDecoder implements Decoder {
  private events: Array<SseEvent> = []
  private full = false
  private between = true
  /** A part of a line, put together from pieces each of which the parser would keep. */
  private begun = ""
  /** How much of the open event has come, in characters; its lines take memory even where they are empty. */
  private open = 0
  private readonly parser: EventSourceParser

  constructor(private readonly limit: number) {
    this.parser = createParser({
      maxBufferSize: limit,
      onEvent: ({ event, data }) => this.events.push({ event, data }),
      onError: (error) => {
        if (error.type === "max-buffer-size-exceeded") this.full = true
        else if (error.type === "unknown-field" && error.field === "error") {
          this.events.push({ event: "error", data: error.value ?? "" })
        }
      }
    })
  }

  isBetween(): boolean {
    return this.between
  }

  push(text: string): ReadonlyArray<SseEvent> {
    if (text !== "") this.between = text.endsWith("\n\n")
    if (this.begun === "" && text.length >= bite) return this.feed(text)
    const line = this.begun === "" ? text : Rope.append(this.begun, text)
    const isPart = line.length < bite && line.length < this.limit && !this.between && !hasLineEnd(text)
    this.begun = isPart ? line : ""
    return isPart ? none : this.feed(line)
  }

  end(): ReadonlyArray<SseEvent> {
    return this.push("\n\n")
  }

  overflowed(): boolean {
    return this.full
  }

  // The parser throws when it is fed after an overflow.
  private feed(text: string): ReadonlyArray<SseEvent> {
    if (!this.full && text.includes("\r")) this.feedBites(text)
    else if (!this.full) this.parser.feed(text)
    const complete = this.events
    this.events = []
    this.open = complete.length > 0 || this.between ? 0 : this.open + text.length
    if (this.open > this.limit) this.full = true
    return complete
  }

  // The parser looks from each line for the next CR, and the next LF: through all of the text where it has few of one.
  private feedBites(text: string): void {
    for (let at = 0; at < text.length && !this.full; at += bite) this.parser.feed(text.slice(at, at + bite))
  }
}

const none: ReadonlyArray<SseEvent> = []

const hasLineEnd = (text: string): boolean => text.includes("\n") || text.includes("\r")

/** One event on the wire: a single line of JSON. */
export const frame = (data: object): string => framed(JsonText.write(data))

/** One event on the wire, with this data. */
export const framed = (data: string): string => `data: ${data}\n\n`

/** What ends a complete stream. */
export const done = "data: [DONE]\n\n"

/** A sign of life; one line end only, for two would end an event that is not there. */
export const keepalive = ": keepalive\n"
