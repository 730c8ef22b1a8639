import type Driver from "better-sqlite3"

// Node has Node-API 10 since 22.14. better-sqlite3 13 wants it, and of 12 a statement that is collected ends the
// process in Node 24.19 and later.
const found = Number(process.versions.napi) >= 10 ? import("better-sqlite3-13") : import("better-sqlite3")

/** The driver of SQLite for this Node; rejects when npm could not install it. */
export const driver: Promise<typeof Driver> = found.then((module) => module.default)

// Whoever opens a database hears of it.
driver.catch(() => {})
