import { cut } from "../domain/text/CutText.js"

/** How long a line of the log may be, in characters. */
export const longest = 32 * 1024

/** A JSON line as the log has it: the beginning of one that is too long, as the message of another. */
export const bounded = (line: string): string =>
  line.length <= longest
    ? line
    : JSON.stringify({ message: cut(line, longest / 8), logLevel: levelIn(line), timestamp: new Date().toISOString() })

const levelIn = (line: string): string => /"logLevel":"([A-Z]{1,9})"/.exec(line)?.[1] ?? "INFO"
