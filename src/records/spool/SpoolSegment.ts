import { fsyncSync, ftruncateSync, writeSync } from "node:fs"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { LoggedRecord, columnsThat, withheld } from "../../domain/record/RequestRecord.js"

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

/** A segment that is being written. */
export interface Writer {
  readonly segment: SpoolSegment
  /** Appends pieces of lines, which are on the disk afterwards; throws what the disk says, and from then on always. */
  readonly append: (pieces: ReadonlyArray<Uint8Array>) => void
  /** Empties the file, all of which is settled; whether the disk lets it. */
  readonly empty: () => boolean
  readonly close: Effect.Effect<void>
}

/** Writes bytes at the end of a file, so that they are on the disk afterwards; throws what the disk says. */
export type Put = (file: number, bytes: Uint8Array) => void

/** Begins a segment, for its owner alone. */
export const create = (
  path: string,
  put: Put = putSynced
): Effect.Effect<Writer, PlatformError, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const paths = yield* Path.Path
    const scope = yield* Scope.make()
    const close = Scope.close(scope, Exit.void)
    const { fd } = yield* files.open(path, { flag: "ax", mode: 0o600 }).pipe(
      Scope.extend(scope),
      Effect.tapErrorCause(() => close)
    )
    // Without this the file's name may be gone after a power failure.
    yield* Effect.ignore(
      Effect.scoped(Effect.flatMap(files.open(paths.dirname(path), { flag: "r" }), (folder) => folder.sync))
    )
    const segment: SpoolSegment = { path, size: 0, settled: 0, unreadable: false }
    let refused: { readonly cause: unknown } | undefined
    const append = (pieces: ReadonlyArray<Uint8Array>) => {
      if (refused !== undefined) throw refused.cause
      try {
        for (const piece of pieces) put(fd, piece)
      } catch (cause) {
        refused = { cause }
        // Half a line must not stand before the next one.
        cut(fd, segment.size)
        throw cause
      }
      segment.size += sizeOf(pieces)
    }
    const empty = () => {
      if (!cut(fd, 0)) return false
      segment.size = 0
      segment.settled = 0
      return true
    }
    const writer: Writer = { segment, append, empty, close }
    return writer
  }).pipe(Effect.uninterruptible)

// The writer's thread has nothing else to do meanwhile, and the way through the pool costs more than the disk.
const putSynced: Put = (file, bytes) => {
  for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written)
  fsyncSync(file)
}

const cut = (file: number, size: number): boolean => {
  try {
    ftruncateSync(file, size)
    return true
  } catch {
    return false
  }
}

/** Encodes records as lines, a few together in one piece; one that cannot be written as it is loses its bodies. */
export const encode = (records: ReadonlyArray<LoggedRecord>): ReadonlyArray<Uint8Array> => {
  const pieces: Array<Uint8Array> = []
  let text = ""
  for (const record of records) {
    const line = lineOf(record)
    // All lines in one text may be longer than a text can be.
    if (text.length + line.length > pieceLength && text !== "") {
      pieces.push(Buffer.from(text))
      text = ""
    }
    text += line
  }
  if (text !== "") pieces.push(Buffer.from(text))
  return pieces
}

/** How many bytes these are together. */
export const sizeOf = (pieces: ReadonlyArray<Uint8Array>): number => pieces.reduce((sum, { length }) => sum + length, 0)

/** How long the lines of one piece are together, in characters, unless a single one is longer. */
const pieceLength = 1024 ** 2

/** No longer line is written or read, in bytes: it is to fit into a text, and the text of its records into another. */
const longestLine = 256 * 1024 ** 2

const lineOf = (record: LoggedRecord): string => {
  try {
    const line = JSON.stringify(record)
    // A character takes at most three bytes.
    if (line.length * 3 < longestLine || Buffer.byteLength(line) < longestLine) return `${line}\n`
    return withheldLine(record, new Error("they are too long"))
  } catch (cause) {
    return withheldLine(record, cause)
  }
}

const withheldLine = (record: LoggedRecord, cause: unknown): string => `${JSON.stringify(withheld(record, cause))}\n`

/**
 * Reads about `bytes` of records from where the segment is settled; at least one line, however long. One that is longer
 * than any that was written is none.
 */
export const read = (
  segment: SpoolSegment,
  bytes: number,
  longest = longestLine
): Effect.Effect<Piece, PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    // It may grow meanwhile.
    const { path, settled, size } = segment
    const rest = size - settled
    const file = yield* files.open(path, { flag: "r" })
    yield* file.seek(settled, "start")
    const content = yield* file.readAlloc(Math.min(bytes, rest))
    const taken = Option.getOrElse(content, () => new Uint8Array())
    const last = taken.lastIndexOf(newline)
    if (last === -1 && taken.length < rest && taken.length > 0) {
      if (bytes < longest) return yield* read(segment, Math.min(bytes * 4, longest), longest)
      return { records: [], end: yield* lineEnd(file, settled + taken.length, size), unreadable: 1, torn: false }
    }
    if (last === -1) return { records: [], end: size, unreadable: 0, torn: taken.length > 0 }
    return { ...decode(taken.subarray(0, last)), end: settled + last + 1, torn: false }
  }).pipe(Effect.scoped)

// Behind the next end of a line, or at the end of all.
const lineEnd = Effect.fnUntraced(function* (file: FileSystem.File, from: number, size: number) {
  yield* file.seek(from, "start")
  for (let at = from; at < size;) {
    const piece = Option.getOrElse(yield* file.readAlloc(1024 ** 2), () => new Uint8Array())
    const end = piece.indexOf(newline)
    if (end !== -1) return at + end + 1
    if (piece.length === 0) break
    at += piece.length
  }
  return size
})

const newline = 10

const parse = Schema.decodeUnknownEither(Schema.parseJson())
const decodeRecord = Schema.decodeUnknownEither(LoggedRecord)

// A version that did not know a column yet may have written the line.
const unknown = Object.fromEntries(columnsThat(({ nullable }) => nullable).map((name) => [name, null]))

const decodeLine = (line: string) =>
  Either.flatMap(parse(line), (value) => decodeRecord(Predicate.isRecord(value) ? { ...unknown, ...value } : value))

const decode = (bytes: Uint8Array): Pick<Piece, "records" | "unreadable"> => {
  const lines = Buffer.from(bytes).toString("utf8").split("\n")
  const records = lines.flatMap((line) => Option.toArray(Either.getRight(decodeLine(line))))
  return { records, unreadable: lines.length - records.length }
}
