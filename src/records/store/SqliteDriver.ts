import type Driver from "better-sqlite3"

// Node has Node-API 10 since 22.14. better-sqlite3 13 wants it, and of 12 a statement that is collected ends the
// process in Node 24.19 and later.
const isModern = Number(process.versions.napi) >= 10

const found = isModern ? import("better-sqlite3-13") : import("better-sqlite3")

// As in `optionalDependencies`.
const wanted = isModern ? "better-sqlite3-13@npm:better-sqlite3@13.2.0" : "better-sqlite3@12.11.1"

// npm leaves it out where it was told to, or could not bring it.
const explained = (cause: unknown): never => {
  const isMissing = cause instanceof Error && "code" in cause && cause.code === "ERR_MODULE_NOT_FOUND"
  throw isMissing ? new Error(`the driver of SQLite is not installed: npm install ${wanted}`) : cause
}

/** The driver of SQLite for this Node; rejects when it is not there, with what brings it. */
export const driver: Promise<typeof Driver> = found.then((module) => module.default, explained)

// Whoever opens a database hears of it.
driver.catch(() => {})
