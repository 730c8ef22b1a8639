import type { Database as Connection } from "better-sqlite3"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as fc from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { LoggedRecord, RequestRecord } from "../../src/domain/record/RequestRecord.js"
import * as Database from "../support/Database.js"
import * as LogLines from "../support/LogLines.js"
import * as Recorders from "../support/Recorders.js"
import * as Records from "../support/Records.js"
import * as Temp from "../support/Temp.js"

const step = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("relaxed" as const, "wal" as const, "sync" as const) },
  { weight: 2, arbitrary: fc.constantFrom("amend" as const, "late" as const, "next month" as const) },
  { weight: 2, arbitrary: fc.constantFrom("hold" as const, "let go" as const, "restart" as const) },
  { weight: 3, arbitrary: fc.constantFrom("note" as const, "end" as const) }
)

const platform = Layer.mergeAll(NodeFileSystem.layer, NodePath.layer, LogLines.make().layer)

describe("records", () => {
  it("are there exactly once, with their last outcome, whatever befalls the database and the process", () =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), (steps) => Effect.runPromise(story(steps))),
      { numRuns: Number(process.env["STORIES"] ?? 15) }
    ))
})

const story = (steps: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const folder = yield* Temp.directory
    const path = `${folder}/record.db`
    const expected = new Map<string, string>()
    let month = 0
    let holder: Connection | undefined
    const letGo = () => {
      if (holder?.inTransaction === true) holder.exec("COMMIT")
      holder?.close()
      holder = undefined
    }
    const begin = Effect.gen(function* () {
      const scope = yield* Scope.make()
      return { scope, recorder: yield* Scope.extend(Recorders.make({ path }), scope) }
    })
    const record = (id: string, Outcome: RequestRecord["Outcome"]): LoggedRecord =>
      Records.record(id, { Outcome, Time: new Date(Date.UTC(2026, month, 10)).toISOString() })
    let running = yield* begin
    /** Exchanges of which a note was taken, and that have not ended. */
    const noted: Array<LoggedRecord> = []
    const append = (records: ReadonlyArray<LoggedRecord>, durability: "relaxed" | "wal" | "sync") =>
      Effect.andThen(
        running.recorder.append(records, { durability, bodies: "full", archive: true, retention: null }),
        () => {
          for (const { Outcome, id } of records) expected.set(id, Outcome)
        }
      )

    for (const [n, what] of steps.entries()) {
      if (what === "relaxed" || what === "wal" || what === "sync") {
        yield* append([record(`${n}a`, "Completed"), record(`${n}b`, "Completed")], what)
      } else if (what === "late" && month > 0) {
        month--
        yield* append([record(`${n}late`, "Completed")], "wal")
        month++
      } else if (what === "amend") {
        const id = `${n}amended`
        yield* append([record(id, "Completed")], "sync")
        yield* append([{ ...record(id, "CallerLeft"), amends: true }], "sync")
      } else if (what === "note") {
        const note = record(`${n}noted`, "Interrupted")
        yield* running.recorder.note([note])
        noted.push(note)
        expected.set(note.id, "Interrupted")
      } else if (what === "end") {
        // Its note may be in the database by then, where another thread has taken it for the end.
        const [note] = noted.splice(0, 1)
        if (note !== undefined) yield* append([{ ...note, Outcome: "Completed" }], "wal")
      } else if (what === "next month") month++
      else if (what === "hold" && holder === undefined) {
        holder = new Database.Sqlite(path)
        holder.pragma("busy_timeout = 2000")
        holder.exec("BEGIN IMMEDIATE")
      } else if (what === "let go") letGo()
      else if (what === "restart") {
        yield* Scope.close(running.scope, Exit.void)
        letGo()
        running = yield* begin
      }
    }
    letGo()
    yield* Scope.close(running.scope, Exit.void)
    // What was noted is found by whoever comes next.
    running = yield* begin
    yield* Scope.close(running.scope, Exit.void)
    const files = Temp.names(folder).filter((name) => name.endsWith(".db"))
    const rows = files.flatMap((name) => Database.records(`${folder}/${name}`))
    assert.deepStrictEqual([...Records.ids(rows)].sort(), [...expected.keys()].sort())
    for (const { Outcome, id } of rows) assert.strictEqual(Outcome, expected.get(id), id)
    assert.deepStrictEqual(
      Temp.names(folder).filter((name) => !name.endsWith(".db")),
      ["record.lock"]
    )
  }).pipe(Effect.scoped, Effect.provide(platform))
