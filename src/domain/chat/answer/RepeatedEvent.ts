import type { AnswerChunk, RepeatedText } from "./AnswerChunk.js"
import * as JsonObject from "../../json/JsonObject.js"
import * as JsonText from "../../json/JsonText.js"
import * as SseEvents from "../../wire/SseEvents.js"

/**
 * Most events of a stream differ from the one before in nothing but their text. Once two in a row have become the same
 * chunk but for that text, those that follow need neither to be parsed nor repaired nor written anew.
 */
export interface RepeatedEvent {
  /** What a piece of the stream says that is made of such events alone, each of them whole; undefined for any other. */
  recall(piece: string): AnswerChunk | undefined
  /** Remembers what the repair has made of the data of an event. */
  learn(data: string, chunks: ReadonlyArray<AnswerChunk>): void
}

/** What stands around the text of an event. */
interface Frame {
  readonly head: string
  readonly tail: string
}

/** An event, and the chunk that it became, which has its text at this field of its only choice. */
interface Pattern {
  readonly event: Frame
  readonly chunk: JsonObject.JsonObject
  readonly choice: JsonObject.JsonObject
  readonly index: number
  readonly field: string
  readonly text: string
}

/** The memory of one stream. */
export const make = (): RepeatedEvent => new Memory()

class Memory implements RepeatedEvent {
  private last: Pattern | undefined = undefined
  /** What stands around the text on its way out; set once two have proven it. */
  private out: Frame | undefined = undefined

  recall(piece: string): AnswerChunk | undefined {
    return this.last === undefined || this.out === undefined ? undefined : repetition(piece, this.last, this.out)
  }

  learn(data: string, chunks: ReadonlyArray<AnswerChunk>): void {
    const next = patternOf(data, chunks)
    const { last } = this
    this.out =
      next !== undefined && last !== undefined && isSame(last.event, next.event) ? outOf(last, next) : undefined
    this.last = next
  }
}

class Repetition implements AnswerChunk {
  readonly content = true
  readonly repeats: RepeatedText

  constructor(
    private readonly pattern: Pattern,
    private readonly events: string,
    text: string
  ) {
    this.repeats = { index: pattern.index, field: pattern.field, text }
  }

  wire(): string {
    return this.events
  }

  value(): JsonObject.JsonObject {
    const { chunk, choice } = this.pattern
    const { field, text } = this.repeats
    return { ...chunk, choices: [{ ...choice, delta: { [field]: text } }] }
  }
}

const repetition = (piece: string, pattern: Pattern, out: Frame): AnswerChunk | undefined => {
  const { event } = pattern
  let wire = ""
  // As JSON writes it.
  let said = ""
  for (let at = 0; at < piece.length;) {
    const from = at + event.head.length
    if (piece.slice(at, from) !== event.head) return undefined
    const to = JsonText.end(piece, from)
    at = to + event.tail.length
    // Without a text it is another kind of event to the repair.
    if (to <= from || piece.slice(to, at) !== event.tail) return undefined
    const text = piece.slice(from, to)
    wire += out.head + text + out.tail
    said += text
  }
  return said === "" ? undefined : new Repetition(pattern, wire, JsonText.decode(said))
}

const patternOf = (data: string, chunks: ReadonlyArray<AnswerChunk>): Pattern | undefined => {
  const [only, ...others] = chunks
  const chunk = only?.value()
  const [choice, ...siblings] = JsonObject.listOf(chunk?.["choices"]).map(JsonObject.orEmpty)
  if (chunk === undefined || choice === undefined || others.length > 0 || siblings.length > 0) return undefined
  // They add up event by event, as the text does.
  if (JsonObject.isPresent(choice["logprobs"])) return undefined
  const [said, ...more] = Object.entries(JsonObject.orEmpty(choice["delta"]))
  if (said === undefined || more.length > 0) return undefined
  const [field, text] = said
  // The role is no text that grows.
  if (typeof text !== "string" || text === "" || field === "role" || !JsonText.isPlain(text)) return undefined
  const event = around(SseEvents.framed(data), text)
  return event === undefined ? undefined : { event, chunk, choice, index: Number(choice["index"]), field, text }
}

// A text that stands there twice does not tell which of the two is meant.
const around = (json: string, text: string): Frame | undefined => {
  const quoted = `"${text}"`
  const at = json.indexOf(quoted)
  if (at === -1 || json.includes(quoted, at + 1)) return undefined
  return { head: json.slice(0, at + 1), tail: json.slice(at + 1 + text.length) }
}

const isSame = (a: Frame, b: Frame): boolean => a.head === b.head && a.tail === b.tail

const outOf = (before: Pattern, after: Pattern): Frame | undefined => {
  const [a, b] = [before, after].map(({ chunk, text }) => around(SseEvents.frame(chunk), text))
  return a !== undefined && b !== undefined && isSame(a, b) ? b : undefined
}
