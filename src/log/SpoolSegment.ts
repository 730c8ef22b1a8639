import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { LoggedRecord } from "../domain/RequestRecord.js"

/** A file of records, one JSON object a line. */
export interface SpoolSegment {
  readonly path: string
  /** The bytes that are surely whole lines, or for another writer's file the bytes it has. */
  size: number
  /** How far its records are in the database. */
  settled: number
  /** Whether a line could not be read, so that the file is kept. */
  unreadable: boolean
}

/** Records from a segment, and where the next ones begin. */
export interface Piece {
  readonly records: ReadonlyArray<LoggedRecord>
  readonly end: number
  /** Complete lines that hold no record. */
  readonly unreadable: number
  /** Whether the file ends in the middle of a line. */
  readonly torn: boolean
}

/** A segment that is being written; every append is on the disk when it succeeds. */
export interface Writer {
  readonly segment: SpoolSegment
  readonly append: (lines: Uint8Array) => Effect.Effect<void, PlatformError>
  readonly close: Effect.Effect<void>
}

/** Begins a segment, for its owner alone. */
export const create = (path: string): Effect.Effect<Writer, PlatformError, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const paths = yield* Path.Path
    const scope = yield* Scope.make()
    const close = Scope.close(scope, Exit.void)
    const file = yield* files.open(path, { flag: "ax", mode: 0o600 }).pipe(
      Scope.extend(scope),
      Effect.tapErrorCause(() => close)
    )
    // Without this the file's name may be gone after a power failure.
    yield* Effect.ignore(
      Effect.scoped(Effect.flatMap(files.open(paths.dirname(path), { flag: "r" }), (folder) => folder.sync))
    )
    const segment: SpoolSegment = { path, size: 0, settled: 0, unreadable: false }
    const writer: Writer = {
      segment,
      append: (lines) =>
        Effect.zipRight(file.writeAll(lines), file.sync).pipe(
          // Half a line must not stand before the next one.
          Effect.tapErrorCause(() => Effect.ignore(file.truncate(segment.size))),
          Effect.tap(() => Effect.sync(() => void (segment.size += lines.length)))
        ),
      close
    }
    return writer
  }).pipe(Effect.uninterruptible)

/** Encodes records as lines. */
export const encode = (records: ReadonlyArray<LoggedRecord>): Uint8Array =>
  Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(""))

/** Reads about `bytes` of records from where the segment is settled; at least one line, however long. */
export const read = (
  segment: SpoolSegment,
  bytes: number
): Effect.Effect<Piece, PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const rest = segment.size - segment.settled
    const file = yield* files.open(segment.path, { flag: "r" })
    yield* file.seek(segment.settled, "start")
    const content = yield* file.readAlloc(Math.min(bytes, rest))
    const taken = Option.getOrElse(content, () => new Uint8Array())
    const last = taken.lastIndexOf(newline)
    if (last === -1 && taken.length < rest && taken.length > 0) return yield* read(segment, bytes * 4)
    if (last === -1) return { records: [], end: segment.size, unreadable: 0, torn: taken.length > 0 }
    return { ...decode(taken.subarray(0, last)), end: segment.settled + last + 1, torn: false }
  }).pipe(Effect.scoped)

const newline = 10

const decodeLine = Schema.decodeUnknownEither(Schema.parseJson(LoggedRecord))

const decode = (bytes: Uint8Array): Pick<Piece, "records" | "unreadable"> => {
  const lines = Buffer.from(bytes).toString("utf8").split("\n")
  const records = lines.flatMap((line) => Option.toArray(Either.getRight(decodeLine(line))))
  return { records, unreadable: lines.length - records.length }
}
