import * as Effect from "effect/Effect"
import * as RecordReader from "../log/RecordReader.js"
import * as LogRow from "./LogRow.js"
import * as Stdout from "./Stdout.js"

const pollInterval = "500 millis"
const pageSize = 200

/** Prints the newest records and then every one that comes, through archiving and restarts, until it is interrupted. */
export const follow = Effect.fnUntraced(function* (
  path: string,
  filter: RecordReader.Filter,
  limit: number,
  json: boolean
) {
  const print = (rows: ReadonlyArray<RecordReader.Row>) => {
    if (rows.length === 0) return Effect.void
    return json ? Stdout.write(rows.map(LogRow.toJsonLine).join("")) : Stdout.print(LogRow.lines(rows))
  }

  let file = yield* RecordReader.identity(path)
  let place = 0
  const start = Effect.gen(function* () {
    const database = yield* RecordReader.open(path)
    place = yield* database.lastPlace
    const newest = [...(yield* database.newest(filter, limit))].reverse()
    yield* json ? print(newest) : Stdout.print(LogRow.table(newest))
  })
  yield* file === undefined ? Effect.void : Effect.scoped(start)

  const catchUp = Effect.gen(function* () {
    const database = yield* RecordReader.open(path)
    for (;;) {
      const page = yield* database.after(filter, place, pageSize)
      yield* print(page.rows)
      if (page.place === undefined) return
      place = page.place
    }
  }).pipe(Effect.scoped)

  for (;;) {
    yield* Effect.sleep(pollInterval)
    const now = yield* RecordReader.identity(path)
    if (now === undefined) continue
    if (now !== file) place = 0
    file = now
    // Archived or set aside at this very moment; the next look finds the new one.
    yield* Effect.catchTag(catchUp, "RecordsUnreadable", () => Effect.void)
  }
})
