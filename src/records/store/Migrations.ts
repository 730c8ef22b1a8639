import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"

const createRecords = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) => sql`
    CREATE TABLE records (
      id TEXT PRIMARY KEY,
      Time TEXT,
      IP TEXT,
      Model TEXT,
      RequestedModel TEXT,
      Type TEXT,
      Backend TEXT,
      Stream INTEGER,
      Status INTEGER,
      Outcome TEXT,
      FinishReason TEXT,
      Attempts TEXT,
      CompletionTokens INTEGER,
      PromptTokens INTEGER,
      TotalTokens INTEGER,
      Tool INTEGER,
      Multimodal INTEGER,
      LatencyMs REAL,
      TtftMs REAL,
      Headers TEXT,
      Request TEXT,
      Response TEXT,
      Error TEXT
    )`
)

// The columns of the older services that used this table; their ids were numbers or missing.
const inherited = [
  "Time",
  "IP",
  "Model",
  "Type",
  "CompletionTokens",
  "PromptTokens",
  "TotalTokens",
  "Tool",
  "Multimodal",
  "Headers",
  "Request",
  "Response"
]

const records = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const columns = yield* sql<{ readonly name: string }>`PRAGMA table_info(records)`
  if (columns.length === 0) {
    yield* createRecords
  } else {
    const kept = inherited.filter((name) => columns.some((column) => column.name === name))
    yield* sql`ALTER TABLE records RENAME TO records_before_causeway`
    yield* createRecords
    const names = sql.literal(kept.join(", "))
    yield* sql`INSERT INTO records (id, ${names}) SELECT lower(hex(randomblob(16))), ${names} FROM records_before_causeway`
    yield* sql`DROP TABLE records_before_causeway`
  }
  yield* sql`CREATE INDEX records_time ON records (Time)`
})

// One index for each way in which rows are looked for, newest first.
const indexes = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`ALTER TABLE records ADD COLUMN Caller TEXT`
  for (const column of ["Model", "Backend", "Outcome", "Caller"]) {
    yield* sql`CREATE INDEX ${sql(`records_${column.toLowerCase()}`)} ON records (${sql(column)}, Time)`
  }
})

const dimensions = ["Day", "Model", "Backend", "Outcome"]
const sums = ["PromptTokens", "CompletionTokens", "TotalTokens"]

// The sums of a million rows are asked for more often than they may be added up.
const dailySums = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE record_sums (
    Day TEXT, Model TEXT, Backend TEXT, Outcome TEXT,
    Requests INTEGER, PromptTokens INTEGER, CompletionTokens INTEGER, TotalTokens INTEGER,
    PRIMARY KEY (Day, Model, Backend, Outcome)
  ) WITHOUT ROWID`
  const keys = (row: string) =>
    ["substr(Time, 1, 10)", "Model", "Backend", "Outcome"].map(
      (name) => `ifnull(${name.replace(/^(substr\()?/, `$1${row}`)}, '')`
    )
  const add = (row: string, sign: "" | "-") => {
    const values = [...keys(row), `${sign}1`, ...sums.map((name) => `${sign}ifnull(${row}${name}, 0)`)]
    const set = ["Requests", ...sums].map((name) => `${name} = ${name} + excluded.${name}`)
    return `INSERT INTO record_sums VALUES (${values.join(", ")})
      ON CONFLICT (${dimensions.join(", ")}) DO UPDATE SET ${set.join(", ")};`
  }
  const trigger = (name: string, event: string, body: string) =>
    sql`CREATE TRIGGER ${sql(name)} AFTER ${sql.literal(event)} ON records BEGIN ${sql.literal(body)} END`
  yield* trigger("records_inserted", "INSERT", add("new.", ""))
  yield* trigger("records_updated", "UPDATE", add("old.", "-") + add("new.", ""))
  yield* trigger("records_deleted", "DELETE", add("old.", "-"))
  const totals = sums.map((name) => `sum(ifnull(${name}, 0))`)
  yield* sql`INSERT INTO record_sums
    SELECT ${sql.literal([...keys(""), "count(*)", ...totals].join(", "))} FROM records GROUP BY 1, 2, 3, 4`
})

const column = (name: string, type: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => sql`ALTER TABLE records ADD COLUMN ${sql(name)} ${sql.literal(type)}`)

/** The steps that bring a database to the present shape, in the order of their names. */
export const all = {
  "0001_records": records,
  "0002_indexes": indexes,
  "0003_daily_sums": dailySums,
  "0004_estimates": column("TokensEstimated", "INTEGER"),
  "0005_cleaned": column("Cleaned", "TEXT")
}
