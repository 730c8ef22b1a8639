import { AppendFailed, LogUnavailable, reasonOf } from "../../domain/failure/Failure.js"

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

/**
 * It is about what was to be written, not about where: no database will take it. What the driver refuses to bind has no
 * code of SQLite's.
 */
export const isOfRows = (failure: unknown): boolean =>
  /^SQLITE_(?:TOOBIG|CONSTRAINT|MISMATCH|RANGE|NOMEM)/.test(codeOf(failure)) || isOfValues(innermost(failure))

/** What a store fails with when this is why it took no rows. */
export const appendFailed = (path: string, cause: unknown): AppendFailed => {
  if (isOfRows(cause)) return new AppendFailed({ path, cause, fault: "rows" })
  return isBusy(cause) ? new AppendFailed({ path, cause, fault: "busy" }) : new AppendFailed({ path, cause })
}

const isOfValues = (cause: unknown): boolean => cause instanceof TypeError || cause instanceof RangeError

// What is said of a database that cannot be opened is not about rows, whatever kind of error it is.
const innermost = (failure: unknown): unknown => {
  let cause = failure
  for (let depth = 0; depth < 8 && cause instanceof Error && cause.cause instanceof Error; depth++) {
    if (cause instanceof LogUnavailable) return undefined
    cause = cause.cause
  }
  return cause
}
