/** A column of a table: its title, and on which side its values stand. */
export interface Column {
  readonly title: string
  readonly align?: "left" | "right"
}

/** Columns of these titles, their values on the left. */
export const titled = (...titles: ReadonlyArray<string>): ReadonlyArray<Column> => titles.map((title) => ({ title }))

/** Lines of a table with aligned columns; a line that is longer than `width` is cut. */
export const render = (
  columns: ReadonlyArray<Column>,
  rows: ReadonlyArray<ReadonlyArray<string>>,
  width = Infinity
): string => {
  const cells = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map((_, n) => printable(row[n] ?? "")))
  ]
  const widths = columns.map((_, n) => cells.reduce((widest, row) => Math.max(widest, size(row[n] ?? "")), 0))
  const line = (row: ReadonlyArray<string>) =>
    columns
      .map(({ align }, n) => pad(row[n] ?? "", widths[n] ?? 0, align ?? "left"))
      .join("  ")
      .trimEnd()
  return cells.map((row) => cut(line(row), width)).join("\n")
}

/** A text without what a terminal would act upon; callers choose what models are called. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}]/gu, "�")

const size = (text: string): number => [...text].length

const pad = (text: string, width: number, align: "left" | "right"): string => {
  const space = " ".repeat(width - size(text))
  return align === "left" ? text + space : space + text
}

const cut = (line: string, width: number): string =>
  size(line) <= width ? line : `${[...line].slice(0, Math.max(0, width - 1)).join("")}…`
