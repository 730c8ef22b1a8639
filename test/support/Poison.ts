import * as fs from "node:fs"
import * as fc from "effect/FastCheck"
import type { RequestRecord } from "../../src/domain/record/RequestRecord.js"
import * as Database from "./Database.js"
import * as Records from "./Records.js"

/** Makes a database refuse rows by themselves: those whose request speaks of it, and those whose model does. */
export const refuse = (path: string): void =>
  Database.execute(
    path,
    `CREATE TRIGGER poison BEFORE INSERT ON records WHEN new.Request LIKE '%poison%' OR new.Model LIKE '%poison%'
      BEGIN SELECT RAISE(ABORT, 'poison'); END`
  )

/** A row that the database takes only without its bodies. */
export const inBody = (id: string): RequestRecord => Records.record(id, { Request: '{"poison":1}' })

/** A row that the database does not take at all. */
export const inName = (id: string): RequestRecord => Records.record(id, { Model: "poison" })

/** The ids of the rows that were set aside beside a database `record.db`, and how the file may be read. */
export const setAside = (folder: string): { readonly ids: ReadonlyArray<string>; readonly mode: number } => {
  const path = `${folder}/record.refused.ndjson`
  if (!fs.existsSync(path)) return { ids: [], mode: 0 }
  const lines = fs.readFileSync(path, "utf8").trim().split("\n")
  return {
    ids: lines.map((line) => {
      const row: unknown = JSON.parse(line)
      return typeof row === "object" && row !== null && "id" in row ? String(row.id) : ""
    }),
    mode: fs.statSync(path).mode & 0o777
  }
}

const oddText = fc
  .array(
    fc.constantFrom(
      "\ud83d",
      "\udc00",
      "\u0000",
      "日",
      "😀",
      "\\",
      '"',
      "data:image/png;base64,",
      "data:image/svg+xml,",
      "%",
      "x"
    ),
    { maxLength: 12 }
  )
  .map((parts) => parts.join(""))

const longText = fc.tuple(oddText, fc.constantFrom(1, 10, 20_000)).map(([text, times]) => text.repeat(times))

const oddNumber = fc.constantFrom(0, -1, 1e308, Number.MAX_VALUE, Number.NaN, Infinity, -Infinity, 2 ** 53, 0.1)

const deep = (depth: number) => `${'{"a":['.repeat(depth)}1${"]}".repeat(depth)}`

const body = fc.oneof(
  fc.constant(null),
  longText,
  longText.map((content) => JSON.stringify({ messages: [{ role: "user", content }] })),
  longText.map((url) => JSON.stringify({ data: url.repeat(3), image_url: { url: `data:image/png;base64,${url}` } })),
  fc.constantFrom(300, 2_000).map((depth) => `{"data":"data:image/png;base64,\ud83d","deep":${deep(depth)}}`),
  fc.constantFrom('{"__proto__":{"data":"data:image/png,\\ud83d"}}', '{"poison":1}')
)

/** What a row may hold at its worst. */
export const anyRow: fc.Arbitrary<Partial<RequestRecord>> = fc.record(
  {
    Time: fc.constantFrom("2026-11-23T12:00:00.000Z", "never", "", "\ud83d", "0000-00-00"),
    Model: fc.oneof(fc.constant("poison"), longText),
    RequestedModel: longText,
    Backend: longText,
    FinishReason: longText,
    IP: oddText,
    Error: longText,
    Headers: fc.oneof(fc.constant("{}"), longText),
    Attempts: fc.oneof(fc.constant("[]"), longText),
    Status: oddNumber,
    LatencyMs: oddNumber,
    TtftMs: oddNumber,
    TotalTokens: oddNumber,
    Stream: oddNumber,
    Request: body,
    Response: body
  },
  { requiredKeys: [] }
)
