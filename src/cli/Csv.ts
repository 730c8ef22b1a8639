import * as Printable from "../domain/text/Printable.js"

/**
 * A line of comma-separated values (RFC 4180), and one line it is: what a terminal acts upon is shown as
 * {@link Printable.line} shows it. A spreadsheet takes no value for a formula: one that looks like one has a `'` before it.
 */
export const line = (values: ReadonlyArray<string>): string => `${values.map(cell).join(",")}\r\n`

const cell = (value: string): string => {
  const text = Printable.line(value)
  const inert = formula.test(text) && !negative.test(text) ? `'${text}` : text
  return /[",]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert
}

// Spreadsheets skip spaces, and some take full-width signs for the usual ones.
const formula = /^\s*[=+\-@＝＋－＠]/

const negative = /^-\d+(?:\.\d+)?(?:e[+-]?\d+)?$/
