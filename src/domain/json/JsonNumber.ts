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
const mark = `\u007f${Math.random().toString(36).slice(2)}${Math.random().toString(36).slice(2)}`

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
  const [head = "", ...marked] = json.split(`"${mark}`)
  return head + marked.map((rest) => rest.replace('"', "")).join("")
}

/** The value of a JSON text in which these numbers are to be kept as they are written: where each begins and ends. */
export const parse = (text: string, numbers: ReadonlyArray<number>): unknown => {
  if (numbers.length === 0) return JSON.parse(text)
  let rewritten = ""
  let at = 0
  for (let i = 0; i + 1 < numbers.length; i += 2) {
    const [from = at, to = from] = numbers.slice(i, i + 2)
    rewritten += `${text.slice(at, from)}"${mark}${text.slice(from, to)}"`
    at = to
  }
  return JSON.parse(rewritten + text.slice(at), revive)
}

const revive = (_: string, value: unknown): unknown =>
  typeof value === "string" && value.startsWith(mark) ? new JsonNumber(value.slice(mark.length)) : value

/** Whether this JSON text of a number is what `JSON.stringify` would write for it. */
export const isUsual = (text: string): boolean => String(Number(text)) === text && text !== "-0"
