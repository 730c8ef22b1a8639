import { createHash } from "node:crypto"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { reasonOf } from "../domain/failure/Failure.js"
import * as BoundedFile from "./BoundedFile.js"

/** How files stood when they were looked at. */
export interface Look {
  /** Stands for what is in them. */
  readonly content: string
  /** Stands for that, and for when and where it was written. */
  readonly state: string
}

/** How often files are looked at. */
export const interval = "500 millis"

/** So many looks in a row must have found a change as it is before it is taken: what is written in pieces has valid beginnings. */
const enough = 3

/** Tells when a change is there to be taken. */
export interface FileWatch {
  /** Whether what is in the files is another thing than was taken last, and has been the same for long enough. */
  readonly isSettled: (look: Look) => boolean
  /** What was there when the files were read, and whether it was there before, so that it may be taken. */
  readonly take: (look: Look) => boolean
}

/** A watch over files of which this look was taken. */
export const make = (first: Look): FileWatch => {
  let taken = first.content
  let last = first
  let seen = enough

  const note = (look: Look): boolean => {
    const isSame = look.state === last.state
    seen = isSame ? seen + 1 : 1
    last = look
    return isSame
  }

  return {
    isSettled: (look) => note(look) && look.content !== taken && seen >= enough,
    take: (look) => {
      if (!note(look)) return false
      taken = look.content
      return true
    }
  }
}

/** A file larger than this is not read to be compared, in bytes. */
const mostRead = 1024 ** 2

/** Looks at files. Links are followed, so that one that is replaced (a mounted ConfigMap) is seen too. */
export const look: (paths: ReadonlyArray<string>) => Effect.Effect<Look, never, FileSystem.FileSystem> =
  Effect.fnUntraced(function* (paths: ReadonlyArray<string>) {
    // Neither size nor time need change with what is in a file.
    const content = createHash("sha256")
    const state = createHash("sha256")
    for (const path of paths) {
      const before = yield* stand(path)
      const text = yield* Effect.merge(
        Effect.mapError(BoundedFile.read(path, mostRead), (cause) => `unreadable: ${reasonOf(cause)}`)
      )
      content.update(JSON.stringify(text))
      // What is written meanwhile looks otherwise the next time.
      state.update(JSON.stringify([before, text, yield* stand(path)]))
    }
    return { content: content.digest("hex"), state: state.digest("hex") }
  })

const stand = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (files) => files.stat(path)).pipe(
    Effect.map(({ ino, mtime, size }) => [
      Option.getOrNull(Option.map(mtime, (date) => date.getTime())),
      String(size),
      Option.getOrNull(ino)
    ]),
    Effect.orElseSucceed(() => null)
  )
