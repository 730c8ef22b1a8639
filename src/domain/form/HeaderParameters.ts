/** A header such as `Content-Disposition`: its value, and what it says besides, by name in lower case. */
export interface HeaderParameters {
  readonly value: string
  readonly parameters: ReadonlyMap<string, string>
}

/** Reads one, in a time in proportion to its length; of what it says twice the first counts. */
export const of = (header: string): HeaderParameters => {
  const parameters = new Map<string, string>()
  const first = header.indexOf(";")
  for (let at = first; at !== -1;) {
    const equals = header.indexOf("=", at)
    if (equals === -1) break
    const name = header
      .slice(at + 1, equals)
      .trim()
      .toLowerCase()
    const { end, text } = valueAt(header, equals + 1)
    if (!parameters.has(name)) parameters.set(name, text)
    at = header.indexOf(";", end)
  }
  return { value: (first === -1 ? header : header.slice(0, first)).trim().toLowerCase(), parameters }
}

interface Read {
  readonly text: string
  /** Where to go on. */
  readonly end: number
}

const valueAt = (header: string, from: number): Read => {
  let at = from
  while (header[at] === " " || header[at] === "\t") at++
  if (header[at] === '"') return quotedAt(header, at + 1)
  const semicolon = header.indexOf(";", at)
  const end = semicolon === -1 ? header.length : semicolon
  return { text: header.slice(at, end).trim(), end }
}

// A backslash stands for itself unless a quote or another one follows: names of files on Windows have some.
const quotedAt = (header: string, from: number): Read => {
  let text = ""
  let at = from
  for (; at < header.length && header[at] !== '"'; at++) {
    const next = header[at + 1]
    if (header[at] === "\\" && (next === '"' || next === "\\")) at++
    text += header[at]
  }
  return { text, end: at }
}
