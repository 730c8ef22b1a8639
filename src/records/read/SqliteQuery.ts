import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Filter } from "./RecordFilter.js"
import { RecordQuery } from "./RecordQuery.js"
import type { RecordsUnreadable } from "./RecordQuery.js"
import * as RecordReader from "./RecordReader.js"
import type { RecordRow } from "./RecordRow.js"

// Bodies may be large: a page of them is held in memory.
const pageSize = 100

/** Reads the SQLite file at `path` and the archives beside it. */
export const make = (path: string) =>
  Effect.map(Effect.context<FileSystem.FileSystem | Path.Path>(), (disk) => {
    const fromEach = <A>(filter: Filter, read: Parameters<typeof RecordReader.fromEach<A, RecordsUnreadable>>[2]) =>
      Effect.provide(RecordReader.fromEach(path, filter, read), disk)
    return RecordQuery.of({
      find: (filter, limit, extent) =>
        Effect.map(
          fromEach(filter, (file) =>
            extent === "slim" ? file.newest(filter, limit) : file.newestBriefly(filter, limit)
          ),
          (found) => found.flat().sort(byTime).slice(-limit)
        ),
      get: (prefix) =>
        Effect.map(
          fromEach({}, (file) => file.withId(prefix, 2)),
          (found) => found.flat()
        ),
      stats: (filter, by) =>
        Effect.map(
          fromEach(filter, (file) => file.sums(filter, by)),
          (found) => found.flat()
        ),
      all: (filter) =>
        Stream.fromIterableEffect(RecordReader.filesFor(path, filter)).pipe(
          Stream.flatMap((file) => pagesOf(file, filter)),
          Stream.provideContext(disk)
        )
    })
  })

/** {@link make} as a layer. */
export const layer = (path: string): Layer.Layer<RecordQuery, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(RecordQuery, make(path))

const pagesOf = (path: string, filter: Filter) =>
  Stream.unwrapScoped(
    Effect.map(RecordReader.open(path), (file) =>
      Stream.paginateEffect(0, (from) =>
        Effect.map(file.after(filter, from, pageSize), ({ place, rows }) => [rows, Option.fromNullable(place)] as const)
      )
    )
  ).pipe(Stream.filter((rows) => rows.length > 0))

const byTime = (a: RecordRow, b: RecordRow): number => ((a.Time ?? "") < (b.Time ?? "") ? -1 : 1)
