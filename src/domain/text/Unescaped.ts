/** A text with escapes undone, and where in the text as it came each of its characters began. */
export interface Unescaped {
  readonly text: string
  /** One more than there are characters: the last is the end. Undefined where each character stands where it did. */
  readonly starts: ReadonlyArray<number> | undefined
}

/** What is escaped more often than this is left so. */
const mostRounds = 4

/**
 * A text as it is, and with the escapes of JSON, URLs and HTML undone, once, twice and so on: what a server quotes of what
 * it was sent is often a text within a text.
 */
export const all = (text: string): ReadonlyArray<Unescaped> => {
  const views: Array<Unescaped> = [{ text, starts: undefined }]
  for (let last = views[0]; last !== undefined && views.length <= mostRounds;) {
    last = undo(last)
    if (last !== undefined) views.push(last)
  }
  return views
}

/** Whether a text may hold escapes. */
export const mayBe = (text: string): boolean => mayBeEscaped.test(text)

/** Where in the text as it came a character of this one began. */
export const placeOf = ({ starts }: Unescaped, index: number): number => starts?.[index] ?? index

const undo = (view: Unescaped): Unescaped | undefined => {
  if (!mayBe(view.text)) return undefined
  const pieces: Array<string> = []
  const starts: Array<number> = []
  let at = 0
  const keep = (to: number) => {
    pieces.push(view.text.slice(at, to))
    for (; at < to; at++) starts.push(placeOf(view, at))
  }
  for (const match of view.text.matchAll(escape)) {
    const [whole, four, two, percent, hex, decimal, itself] = match
    const code = four ?? two ?? percent ?? hex
    const character =
      code !== undefined
        ? charOf(Number.parseInt(code, 16))
        : decimal !== undefined
          ? charOf(Number.parseInt(decimal, 10))
          : (itself ?? named[whole.toLowerCase()])
    if (character === undefined) continue
    keep(match.index)
    pieces.push(character)
    starts.push(placeOf(view, at))
    at = match.index + whole.length
  }
  if (starts.length === at) return undefined
  keep(view.text.length)
  starts.push(placeOf(view, at))
  return { text: pieces.join(""), starts }
}

const mayBeEscaped = /[\\%&]/

const escape =
  /\\u([\da-f]{4})|\\x([\da-f]{2})|%([\da-f]{2})|&#x([\da-f]{1,6});|&#(\d{1,7});|&(?:amp|lt|gt|quot|apos);|\\(["\\/])/gi

const named: Readonly<Record<string, string>> = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'" }

// One character each, so that every one has its place.
const charOf = (code: number): string | undefined => (code <= 0xffff ? String.fromCharCode(code) : undefined)
