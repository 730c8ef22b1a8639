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

// One index for each way in which rows are looked for, newest first, and one that holds all that is summed up.
const indexes = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`ALTER TABLE records ADD COLUMN Caller TEXT`
  for (const column of ["Model", "Backend", "Outcome", "Caller"]) {
    yield* sql`CREATE INDEX ${sql(`records_${column.toLowerCase()}`)} ON records (${sql(column)}, Time)`
  }
  yield* sql`CREATE INDEX records_sums ON records
    (Model, Backend, Outcome, substr(Time, 1, 10), Time, Caller, PromptTokens, CompletionTokens, TotalTokens)`
})

/** The steps that bring a database to the present shape, in the order of their names. */
export const all = { "0001_records": records, "0002_indexes": indexes }
