import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { AppendFailed } from "../../domain/failure/Failure.js"
import type { LoggedRecord } from "../../domain/record/RequestRecord.js"

/** Where a row goes that no table takes, even without its bodies: a file beside the database, for its owner alone. */
export interface RefusedFile {
  readonly path: string
  readonly append: (record: LoggedRecord) => Effect.Effect<void, AppendFailed>
}

/** The file `record.refused.ndjson` beside this database, which is there as soon as there is such a row. */
export const make = Effect.fnUntraced(function* (database: string) {
  const files = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  const { dir, name } = paths.parse(database)
  const path = paths.join(dir, `${name}.refused.ndjson`)
  const refused: RefusedFile = {
    path,
    append: (record) =>
      files
        .writeFileString(path, `${JSON.stringify(record)}\n`, { flag: "a", mode: 0o600 })
        .pipe(Effect.mapError((cause) => new AppendFailed({ path, cause })))
  }
  return refused
})
