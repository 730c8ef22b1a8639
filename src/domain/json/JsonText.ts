// The inside of a JSON string, as it is written.

const quote = 0x22
const backslash = 0x5c

/** Where the JSON string ends whose first character is at `from`: at its closing quote, or -1 if it is no such string. */
export const end = (json: string, from: number): number => {
  for (let at = from; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (code === quote) return at
    if (isControl(code)) return -1
    if (code !== backslash) continue
    const escaped = json.charAt(at + 1)
    if (escaped === "u" ? !/^[0-9a-fA-F]{4}$/.test(json.slice(at + 2, at + 6)) : !escapes.includes(escaped)) return -1
    at += escaped === "u" ? 5 : 1
  }
  return -1
}

/** The text that the inside of a JSON string stands for. */
export const decode = (inside: string): string => (inside.includes("\\") ? String(JSON.parse(`"${inside}"`)) : inside)

/** Whether a text is the inside of its own JSON string. */
export const isPlain = (text: string): boolean => !text.includes("\\") && end(`${text}"`, 0) === text.length

const escapes = ['"', "\\", "/", "b", "f", "n", "r", "t"]

// JSON allows those from DEL on; some readers take NEL for the end of a line.
const isControl = (code: number): boolean => code < 0x20 || (code > 0x7e && code < 0xa0)
