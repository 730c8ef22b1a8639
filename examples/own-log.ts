// Records in a table of the host's own, in place of the gateway's.
import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Gateway from "causeway"
import * as ConfigRef from "causeway/ConfigRef"
import * as RequestLog from "causeway/RequestLog"

const config: Gateway.Config = {
  openai_clients: [{ name: "demo", base_url: "demo:", model_match: { type: "exact", value: "demo" } }]
}

// One row per exchange; a log never fails a request, so what goes wrong is only told.
const ledger = Layer.effect(
  RequestLog.RequestLog,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`CREATE TABLE IF NOT EXISTS ledger (id TEXT PRIMARY KEY, model TEXT, tokens INTEGER, outcome TEXT)`
    return {
      record: ({ Model, Outcome, TotalTokens, id }) => {
        const row = { id, model: Model, tokens: TotalTokens, outcome: Outcome }
        return sql`INSERT OR REPLACE INTO ledger ${sql.insert(row)}`.pipe(
          Effect.catchAll((failure) => Effect.logError("A row of the ledger is lost", failure))
        )
      }
    }
  })
)

/** The gateway over the host's database, such as `SqliteClient.layer({ filename: "host.db" })`. */
export const gateway = <E, R>(database: Layer.Layer<SqlClient.SqlClient, E, R>) =>
  Gateway.layerCustom.pipe(Layer.provide([ledger, ConfigRef.layerStatic(config)]), Layer.provide(database))
