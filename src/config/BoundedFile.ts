import * as FileSystem from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/** What is to be read is no file: a device may never end, and a pipe never begin. */
export class NoFile extends Data.TaggedError("NoFile")<{ readonly type: string }> {
  override get message() {
    return `it is no file but a ${this.type}`
  }
}

/** A file is larger than it may be. */
export class FileTooLarge extends Data.TaggedError("FileTooLarge")<{ readonly most: number }> {
  override get message() {
    return `it is larger than ${this.most} bytes`
  }
}

/** The text of a file of at most `most` bytes; of a larger one no more than that is read. */
export const read = Effect.fnUntraced(function* (path: string, most: number) {
  const files = yield* FileSystem.FileSystem
  const { type } = yield* files.stat(path)
  // Of a folder the reading itself says best what is wrong.
  if (type !== "File" && type !== "Directory") return yield* new NoFile({ type: names[type] })
  const pieces = yield* Stream.runCollect(files.stream(path, { bytesToRead: most + 1 }))
  const bytes = Buffer.concat(Chunk.toReadonlyArray(pieces))
  return bytes.length > most ? yield* new FileTooLarge({ most }) : bytes.toString("utf8")
})

const names = {
  SymbolicLink: "link",
  BlockDevice: "device",
  CharacterDevice: "device",
  FIFO: "pipe",
  Socket: "socket",
  Unknown: "thing unknown"
} as const
