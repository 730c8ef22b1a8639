import { reasonOf } from "../domain/Failure.js"

/** What SQLite said, such as `SQLITE_BUSY`, however deep it lies in the causes; "" when it was not SQLite. */
export const codeOf = (failure: unknown): string => {
  let cause: unknown = failure
  for (let depth = 0; depth < 8 && typeof cause === "object" && cause !== null; depth++) {
    if ("code" in cause && typeof cause.code === "string" && cause.code.startsWith("SQLITE_")) return cause.code
    cause = "cause" in cause ? cause.cause : undefined
  }
  return ""
}

/** The file is no database, or no longer. */
export const isCorrupt = (failure: unknown): boolean => /^SQLITE_(?:CORRUPT|NOTADB)/.test(codeOf(failure))

/** Another process is writing. */
export const isBusy = (failure: unknown): boolean => /^SQLITE_BUSY/.test(codeOf(failure))

/** It may work in a moment: another process holds the database, or the disk is full. */
export const isPassing = (failure: unknown): boolean =>
  /^SQLITE_(?:BUSY|LOCKED|FULL)/.test(codeOf(failure)) || /ENOSPC|EDQUOT/.test(reasonOf(failure))
