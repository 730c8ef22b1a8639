import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Printable from "../domain/text/Printable.js"
import * as Archives from "../records/store/Archives.js"
import type * as RecordFilter from "../records/read/RecordFilter.js"
import * as RecordReader from "../records/read/RecordReader.js"
import type { RecordRow } from "../records/read/RecordRow.js"
import * as BootMessage from "./BootMessage.js"
import * as LogRow from "./LogRow.js"
import * as Stdout from "./Stdout.js"

const pollInterval = "500 millis"
const pageSize = 200

/** A database that cannot be read is on its way to another name, but not for so many looks: then it is said. */
const patience = 10

/** Prints the newest records and then every one that comes, through archiving and restarts, until it is interrupted. */
export const follow = Effect.fnUntraced(function* (
  path: string,
  filter: RecordFilter.Filter,
  limit: number,
  json: boolean
) {
  const print = (rows: ReadonlyArray<RecordRow>) => {
    if (rows.length === 0) return Effect.void
    return json ? Stdout.write(rows.map(LogRow.toJsonLine).join("")) : Stdout.print(LogRow.lines(rows))
  }

  let file = yield* RecordReader.identity(path)
  let place = 0
  const start = Effect.gen(function* () {
    const database = yield* RecordReader.open(path)
    place = yield* database.lastPlace
    const newest = [...(yield* json ? database.newest(filter, limit) : database.newestBriefly(filter, limit))].reverse()
    yield* json ? print(newest) : Stdout.print(LogRow.table(newest))
  })
  yield* file === undefined
    ? Console.error(Printable.line(`${path}: there is no such file yet; it is waited for`))
    : Effect.scoped(start)

  let unreadable = 0
  const catchUp = (from: string) =>
    Effect.gen(function* () {
      const database = yield* RecordReader.open(from)
      for (;;) {
        const page = yield* database.after(filter, place, pageSize)
        unreadable = 0
        yield* print(page.rows)
        if (page.place === undefined) return
        place = page.place
      }
    }).pipe(
      Effect.scoped,
      // Archived or set aside at this very moment; the next look finds the new one.
      Effect.catchTag("RecordsUnreadable", (failure) =>
        ++unreadable === patience ? Console.error(BootMessage.of(failure)) : Effect.void
      )
    )

  for (;;) {
    yield* Effect.sleep(pollInterval)
    const now = yield* RecordReader.identity(path)
    if (now === undefined) continue
    if (now !== file) {
      const archives = yield* Effect.orElseSucceed(Archives.beside(path), () => [])
      const archived = archives.find(({ inode }) => inode === file)
      if (archived !== undefined) yield* catchUp(archived.path)
      place = 0
      file = now
    }
    yield* catchUp(path)
  }
})
