/**
 * A number as it was written, where `JSON.stringify` would write it otherwise or not at all: `1.0`, 2^63−1, `1e400`.
 * `JsonText` reads and writes them.
 */
export class JsonNumber {
  constructor(readonly text: string) {}

  valueOf(): number {
    return Number(this.text)
  }

  toJSON(): unknown {
    return writing === undefined ? this.valueOf() : writing.markOf(this)
  }
}

/** Stands in a JSON string in the place of a number, which nobody else can say: another one in each process. */
const mark = `\u007f${crypto.randomUUID()}`

/** What is being written, so that nobody who writes a value in the usual way is given a mark. */
let writing: Writing | undefined

class Writing {
  met = false

  markOf({ text }: JsonNumber): string {
    this.met = true
    return mark + text
  }
}

/** The value as JSON with so many spaces before each level, and its numbers as they were written. */
export const stringify = (value: unknown, indent: number): string => {
  writing = new Writing()
  try {
    const json = JSON.stringify(value, null, indent)
    return writing.met ? unmarked(json) : json
  } finally {
    writing = undefined
  }
}

// Behind a mark is a number, and the quote that closes it.
const unmarked = (json: string): string => {
  const quoted = `"${mark}`
  const pieces: Array<string> = []
  let from = 0
  for (let at = json.indexOf(quoted); at !== -1; at = json.indexOf(quoted, from)) {
    const end = json.indexOf('"', at + quoted.length)
    pieces.push(json.slice(from, at), json.slice(at + quoted.length, end))
    from = end + 1
  }
  pieces.push(json.slice(from))
  return pieces.join("")
}

/** The value of a JSON text in which these numbers are to be kept as they are written: where each begins and ends. */
export const parse = (text: string, numbers: ReadonlyArray<number>): unknown => {
  if (numbers.length === 0) return JSON.parse(text)
  const pieces: Array<string> = []
  let from = 0
  for (let i = 0; i < numbers.length; i += 2) {
    const at = numbers[i] ?? 0
    const end = numbers[i + 1] ?? 0
    pieces.push(text.slice(from, at), `"${mark}`, text.slice(at, end), '"')
    from = end
  }
  pieces.push(text.slice(from))
  return restored(JSON.parse(pieces.join("")))
}

// In its place, for a copy of a large body costs more than to read it. The depth is bounded: see JsonBounds.
const restored = (value: unknown): unknown => {
  if (typeof value === "string") {
    return value.startsWith(mark) && number.test(value.slice(mark.length))
      ? new JsonNumber(value.slice(mark.length))
      : value
  }
  if (Array.isArray(value)) restoreItems(value)
  else if (isFields(value)) restoreFields(value)
  return value
}

const restoreItems = (list: Array<unknown>): void => {
  for (let at = 0; at < list.length; at++) {
    const item: unknown = list[at]
    const kept = restored(item)
    if (kept !== item) list[at] = kept
  }
}

const restoreFields = (object: Record<string, unknown>): void => {
  for (const key in object) {
    const kept = restored(object[key])
    if (kept !== object[key]) object[key] = kept
  }
}

const isFields = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null

/** A number as JSON has it. */
const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** Whether a text is a number that `JSON.stringify` would write otherwise. */
export const isUnusual = (text: string): boolean => !isUsual(text) && number.test(text)

// Whether `JSON.stringify` would write the number that a text stands for in the same way.
const isUsual = (text: string): boolean => String(Number(text)) === text && text !== "-0"
