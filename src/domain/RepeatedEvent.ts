import * as JsonObject from "./JsonObject.js"

/**
 * Most events of a stream differ from the one before in nothing but their text. Once two in a row have become the same
 * chunk but for that text, the next one of the kind needs neither to be parsed nor repaired.
 */
export interface RepeatedEvent {
  /** The chunk of an event that repeats the ones before with another text; undefined for any other. */
  readonly recall: (event: string) => JsonObject.JsonObject | undefined
  /** Remembers what the repair has made of an event. */
  readonly learn: (event: string, chunks: ReadonlyArray<JsonObject.JsonObject>) => void
}

/** What stands around the text of an event, and the chunk that has such a text at this field. */
interface Pattern {
  readonly head: string
  readonly tail: string
  readonly chunk: JsonObject.JsonObject
  readonly choice: JsonObject.JsonObject
  readonly field: string
}

/** The memory of one stream. */
export const make = (): RepeatedEvent => {
  let last: Pattern | undefined
  let proven = false
  return {
    recall: (event) => {
      if (last === undefined || !proven) return undefined
      const { head, tail } = last
      if (event.length <= head.length + tail.length || !event.startsWith(head) || !event.endsWith(tail))
        return undefined
      const text = event.slice(head.length, -tail.length)
      return isPlain(text) ? withText(last, text) : undefined
    },
    learn: (event, chunks) => {
      const next = patternOf(event, chunks)
      proven = next !== undefined && last !== undefined && isSame(last, next)
      last = next
    }
  }
}

// Whatever JSON would escape needs to be parsed.
const isPlain = (text: string): boolean => !/["\\\p{Cc}]/u.test(text)

const patternOf = (event: string, chunks: ReadonlyArray<JsonObject.JsonObject>): Pattern | undefined => {
  const [chunk, ...others] = chunks
  const [choice, ...siblings] = JsonObject.listOf(chunk?.["choices"]).map(JsonObject.orEmpty)
  if (chunk === undefined || choice === undefined || others.length > 0 || siblings.length > 0) return undefined
  const [said, ...more] = Object.entries(JsonObject.orEmpty(choice["delta"]))
  if (said === undefined || more.length > 0) return undefined
  const [field, text] = said
  if (typeof text !== "string" || text === "" || !isPlain(text)) return undefined
  const quoted = `"${text}"`
  const at = event.indexOf(quoted)
  // A text that stands there twice does not tell which of the two it comes from.
  if (at === -1 || event.includes(quoted, at + 1)) return undefined
  return { head: event.slice(0, at + 1), tail: event.slice(at + 1 + text.length), chunk, choice, field }
}

const isSame = (a: Pattern, b: Pattern): boolean =>
  a.head === b.head && a.tail === b.tail && JSON.stringify(withText(a, "")) === JSON.stringify(withText(b, ""))

const withText = ({ chunk, choice, field }: Pattern, text: string): JsonObject.JsonObject => ({
  ...chunk,
  choices: [{ ...choice, delta: { [field]: text } }]
})
