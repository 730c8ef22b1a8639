import { cut } from "../domain/text/CutText.js"
import * as Printable from "../domain/text/Printable.js"

/** A column of a table: its title, on which side its values stand, and how long one may be, in characters (60). */
export interface Column {
  readonly title: string
  readonly align?: "left" | "right"
  readonly most?: number
}

/** Columns of these titles, their values on the left. */
export const titled = (...titles: ReadonlyArray<string>): ReadonlyArray<Column> => titles.map((title) => ({ title }))

/** Lines of a table with aligned columns, one for each row; a line that is longer than `width` is cut. */
export const render = (
  columns: ReadonlyArray<Column>,
  rows: ReadonlyArray<ReadonlyArray<string>>,
  width = Infinity
): string => {
  const cells = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ most }, n) => Printable.brief(row[n] ?? "", most ?? usual)))
  ]
  const widths = columns.map((_, n) => cells.reduce((widest, row) => Math.max(widest, Printable.size(row[n] ?? "")), 0))
  const line = (row: ReadonlyArray<string>) =>
    columns
      .map(({ align }, n) => pad(row[n] ?? "", widths[n] ?? 0, align ?? "left"))
      .join("  ")
      .trimEnd()
  return cells.map((row) => cut(line(row), Math.max(2, width))).join("\n")
}

// One long name must not make every line as long.
const usual = 60

const pad = (text: string, width: number, align: "left" | "right"): string => {
  const space = " ".repeat(width - Printable.size(text))
  return align === "left" ? text + space : space + text
}
