// Installs the clients if they are not there as the lockfile says, and runs the matrix.
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"

const here = (path) => new URL(path, import.meta.url)

const run = (command, args) => spawnSync(command, args, { stdio: "inherit", cwd: here("../..") }).status ?? 1

const stamp = here("node_modules/.causeway-lock")
const lock = fs.readFileSync(here("package-lock.json"), "utf8")
const installed = fs.existsSync(stamp) ? fs.readFileSync(stamp, "utf8") : ""

if (installed !== lock) {
  const status = run("npm", ["ci", "--prefix", "test/clients", "--no-audit", "--no-fund", "--loglevel=error"])
  if (status === 0) fs.writeFileSync(stamp, lock)
  else console.error("The clients that need Node 22 could not be installed; the matrix says so for each of them.")
}

process.exit(run("npx", ["vitest", "run", "--config", "test/clients/vitest.config.ts"]))
