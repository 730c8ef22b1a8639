// Prepares the languages that are named (all, if none is) and asks every client of theirs, directly and through.
//   npm run test:languages                     all languages, and docs/languages.md is written
//   npm run test:languages -- python go        these, and their parts of the page
//   npm run test:languages -- --no-write go    the page stays as it is
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { toolchains } from "./toolchains.mjs"

const known = ["curl", "python", "go", "java", "rust"]
const args = process.argv.slice(2)
const named = args.filter((arg) => !arg.startsWith("--"))
const wrong = [
  ...named.filter((name) => !known.includes(name)),
  ...args.filter((arg) => arg.startsWith("--") && !["--no-write", "--verbose"].includes(arg))
]
if (wrong.length > 0) {
  console.error(
    `Not known: ${wrong.join(", ")}. The languages are ${known.join(", ")}; the flags --no-write, --verbose.`
  )
  process.exit(1)
}

const commands = {}
const skipped = []
const wanted = toolchains.filter(({ language }) => named.length === 0 || named.includes(language))
const waiting = [...wanted]

/** Prepares one toolchain after the other. */
const work = async () => {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { name, prepare } = next
    const began = performance.now()
    const { command, reason } = await prepare()
    const took = `${((performance.now() - began) / 1000).toFixed(1)} s`
    if (command === undefined) {
      skipped.push(name)
      console.log(`SKIPPED ${name} after ${took}: ${reason}`)
    } else {
      commands[name] = command
      console.log(`${name} is there after ${took}`)
    }
  }
}
await Promise.all([work(), work()])

const prepared = { commands, writes: !args.includes("--no-write"), verbose: args.includes("--verbose") }
const nothing = Object.keys(commands).length === 0
const { status } = nothing
  ? { status: 0 }
  : spawnSync("npx", ["vitest", "run", "--config", "test/languages/vitest.config.ts"], {
      stdio: "inherit",
      cwd: fileURLToPath(new URL("../..", import.meta.url)),
      env: { ...process.env, LANGUAGES_PREPARED: JSON.stringify(prepared) }
    })
if (skipped.length > 0) console.log(`Skipped, and so neither passed nor failed: ${skipped.join(", ")}.`)
process.exit(status ?? 1)
