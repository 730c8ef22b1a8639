import type { Allowed } from "./Allowed.js"
import type { Case } from "./Case.js"
import { cases } from "./Cases.js"
import type { Cell } from "./Cell.js"
import type { Client, Language } from "./Clients.js"
import * as Clients from "./Clients.js"
import * as Compare from "./Compare.js"

/** One client and its cells, in the order of the cases. */
export interface Column {
  readonly client: Client
  readonly cells: ReadonlyArray<Cell>
}

const signs: Readonly<Record<Cell["_tag"], string>> = {
  Same: "=",
  Better: "+",
  Worse: "✗",
  Allowed: "a",
  Unable: "·",
  Crashed: "!"
}

const tags = ["Same", "Better", "Allowed", "Worse", "Unable", "Crashed"] as const

const count = (cells: ReadonlyArray<Cell>): string =>
  tags
    .map((tag) => ({ tag, number: cells.filter(({ _tag }) => _tag === tag).length }))
    .filter(({ number }) => number > 0)
    .map(({ number, tag }) => `${number} ${signs[tag]}`)
    .join(", ")

/** What is worse than without the gateway, and not allowed to be. */
export const failures = (columns: ReadonlyArray<Column>): ReadonlyArray<string> =>
  columns.flatMap(({ cells, client }) =>
    cells.flatMap((cell, at) => {
      const place = `${cases[at]?.name} – ${client.name}`
      if (cell._tag === "Crashed") return [`${place}: the program failed: ${cell.reason}`]
      return cell._tag === "Worse" ? cell.losses.map((loss) => `${place}: ${Compare.show(loss)}`) : []
    })
  )

/** What every client got in both ways, the first caller of several, a line each. */
export const details = (columns: ReadonlyArray<Column>): ReadonlyArray<string> =>
  columns.flatMap(({ cells, client }) =>
    cells.flatMap((cell, at) => {
      if (cell._tag === "Unable" || cell._tag === "Crashed") return []
      const { direct, through } = cell.both
      const told = [direct, through].map(({ requests, seen: [first] }) =>
        first === undefined ? "nothing" : `${Compare.tell(first)} (requests: ${requests})`
      )
      return [`${signs[cell._tag]} ${cases[at]?.name} – ${client.name}: ${told.join(" | ")}`]
    })
  )

/** The allowed differences that were met. */
export const used = (columns: ReadonlyArray<Column>): ReadonlySet<Allowed> =>
  new Set(columns.flatMap(({ cells }) => cells.flatMap((cell) => (cell._tag === "Allowed" ? cell.reasons : []))))

/** The table as text. */
export const table = (columns: ReadonlyArray<Column>): string => {
  const width = Math.max(...cases.map(({ name }) => name.length))
  return [
    ...columns.map(({ cells, client }, at) => `${at + 1} ${client.name} ${Clients.versionOf(client)}: ${count(cells)}`),
    "",
    `${"".padEnd(width)}  ${columns.map((_, at) => String(at + 1).padEnd(2)).join(" ")}`,
    ...cases.map(
      ({ name }, at) => `${name.padEnd(width)}  ${columns.map(({ cells }) => signOf(cells[at]).padEnd(2)).join(" ")}`
    ),
    ""
  ].join("\n")
}

const signOf = (cell: Cell | undefined): string => (cell === undefined ? "·" : signs[cell._tag])

/** The part of the page between the markers of a language, written anew; a page without them stays as it is. */
export const written = (page: string, language: Language, columns: ReadonlyArray<Column>): string => {
  const [begin, end] = [`<!-- ${language}: written by \`npm run test:languages\` -->`, `<!-- end of ${language} -->`]
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) return page
  return `${page.slice(0, from + begin.length)}\n\n${part(columns).join("\n")}\n\n${page.slice(to)}`
}

const part = (columns: ReadonlyArray<Column>): ReadonlyArray<string> => [
  "| client | version | cases |",
  "|---|---|---|",
  ...columns.map(({ cells, client }) => `| ${client.name} | ${Clients.versionOf(client)} | ${count(cells)} |`),
  "",
  `| backend | ${columns.map(({ client }) => client.name).join(" | ")} |`,
  `|---|${columns.map(() => "---|").join("")}`,
  ...cases.map(({ title }, at) => `| ${title} | ${columns.map(({ cells }) => signOf(cells[at])).join(" | ")} |`),
  ...list("Why some differ and are allowed to (a):", reasonsOf(columns, allowedIn)),
  ...list("Why some are not asked (·):", reasonsOf(columns, unableIn)),
  ...list("What is worse (✗):", worseOf(columns))
]

const list = (head: string, lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.length === 0 ? [] : ["", head, "", ...lines.map((line) => `- ${line}`)]

const allowedIn = (cell: Cell): ReadonlyArray<string> =>
  cell._tag === "Allowed" ? cell.reasons.map(({ reason }) => reason) : []

const unableIn = (cell: Cell): ReadonlyArray<string> => (cell._tag === "Unable" ? [cell.reason] : [])

/** Each case once, with what is worse in it and for whom. */
const worseOf = (columns: ReadonlyArray<Column>): ReadonlyArray<string> =>
  cases.flatMap(({ title }, at) => {
    const worse = columns.flatMap(({ cells, client }) => {
      const cell = cells[at]
      if (cell?._tag === "Crashed") return [{ name: client.name, whats: ["crash"] }]
      return cell?._tag === "Worse" ? [{ name: client.name, whats: cell.losses.map(({ what }) => what) }] : []
    })
    const whats = new Set(worse.flatMap((each) => each.whats))
    return worse.length === 0
      ? []
      : [`${title}: ${[...whats].join(", ")} (${worse.map(({ name }) => name).join(", ")})`]
  })

/** Each reason once, with the clients that it holds for. */
const reasonsOf = (
  columns: ReadonlyArray<Column>,
  of: (cell: Cell) => ReadonlyArray<string>
): ReadonlyArray<string> => {
  const named = new Map<string, Map<string, Array<Case>>>()
  for (const { cells, client } of columns) {
    cells.forEach((cell, at) => {
      const one = cases[at]
      if (one === undefined) return
      for (const reason of of(cell)) {
        const clients = named.get(reason) ?? new Map<string, Array<Case>>()
        clients.set(client.name, [...(clients.get(client.name) ?? []), one])
        named.set(reason, clients)
      }
    })
  }
  return [...named].map(([reason, clients]) => `${[...clients.keys()].join(", ")}: ${reason}`)
}
