// What a newcomer does, as the README has it, with each Node and the npm that goes with it, in a fresh clone of what is
// committed: npm ci, npm start and one request, npm test.
//
//   npm run test:nodes                                  all four, which takes about an hour
//   npm run test:nodes -- 22 26 --without-tests         some, and no npm test
//   npm run test:nodes -- 20 --tests test/package       one, and of npm test what is in these folders or files
import { execFile, spawn } from "node:child_process"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

const exec = promisify(execFile)
const root = fileURLToPath(new URL("../..", import.meta.url))

const npmOf = { 20: 11, 22: 12, 24: 12, 26: 12 }

const args = process.argv.slice(2)
const withTests = !args.includes("--without-tests")
const picked = args.includes("--tests") ? args.slice(args.indexOf("--tests") + 1) : []
const only = picked.length > 0 ? ["--", ...picked] : []
const chosen = args.filter((arg) => arg in npmOf)
const failures = []

/** Runs a program to its end; whatever it says is kept in a file beside the clone. */
const run = async (place, name, program, parameters, cwd) => {
  const began = performance.now()
  const log = join(place.folder, `${name}.txt`)
  const output = fs.openSync(log, "w")
  const child = spawn(program, parameters, { cwd, env: place.env, stdio: ["ignore", output, output] })
  const code = await new Promise((resolve) => child.on("close", resolve))
  fs.closeSync(output)
  return { ok: code === 0, seconds: Math.round((performance.now() - began) / 1000), said: fs.readFileSync(log, "utf8") }
}

/** A folder with a Node and an npm of these versions, and a clone. */
const prepare = async (node) => {
  const folder = fs.mkdtempSync(join(tmpdir(), `causeway-node${node}-`))
  const name = `node-${process.platform}-${process.arch}`
  const packages = [`${name}@${node}`, `npm@${npmOf[node]}`]
  // The npm at hand need not be one that this npm's engines allow.
  await exec("npm", ["install", "--prefix", folder, "--no-audit", "--no-fund", "--force", ...packages], {
    env: clean()
  })
  const modules = join(folder, "node_modules")
  const bin = join(folder, "bin")
  fs.mkdirSync(bin)
  fs.symlinkSync(join(modules, name, "bin", "node"), join(bin, "node"))
  for (const tool of ["npm", "npx"]) fs.symlinkSync(join(modules, "npm", "bin", `${tool}-cli.js`), join(bin, tool))
  const clone = join(folder, "clone")
  await exec("git", ["clone", "--quiet", root, clone])
  const env = {
    ...clean(),
    PATH: `${bin}:${process.env.PATH}`,
    // The headers came with this Node; without them they would be fetched to compile SQLite.
    npm_package_config_node_gyp_nodedir: join(modules, name),
    SERVER_PORT: "0"
  }
  const versions = await Promise.all(["node", "npm"].map((tool) => exec(join(bin, tool), ["--version"], { env })))
  return { folder, clone, env, versions: versions.map(({ stdout }) => stdout.trim()) }
}

// What npm tells the scripts that it runs would be taken for settings by another npm.
const clean = () => Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("npm_")))

/** Starts the gateway, and gives what it answers to the README's first request. */
const start = async ({ clone, env }) => {
  const child = spawn("npm", ["start"], { cwd: clone, env, stdio: ["ignore", "pipe", "pipe"], detached: true })
  const ended = new Promise((resolve) => child.on("close", resolve))
  try {
    let said = ""
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (said += bytes))
    const url = await new Promise((resolve, reject) => {
      child.stdout.on("data", () => {
        const [, found] = /listening on (\S+)/.exec(said) ?? []
        if (found !== undefined) resolve(found)
      })
      void ended.then(() => reject(new Error(said)))
    })
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"model": "demo", "messages": [{"role": "user", "content": "Hello"}]}'
    })
    const { choices } = await response.json()
    return { ok: response.status === 200, text: `"${choices?.[0]?.message?.content}"` }
  } catch (cause) {
    return { ok: false, text: String(cause) }
  } finally {
    // npm and the gateway, as Ctrl-C reaches both.
    if (child.exitCode === null) process.kill(-child.pid, "SIGINT")
    await ended
  }
}

const warningsIn = (said) => new Set(said.match(/(?<=npm warn )(?!Unknown (?:user|env) config)\S+.*/g) ?? [])

const rows = []
for (const node of chosen.length > 0 ? chosen : Object.keys(npmOf)) {
  const place = await prepare(node)
  const ci = await run(place, "ci", "npm", ["ci"], place.clone)
  const warnings = warningsIn(ci.said)
  const started = ci.ok ? await start(place) : { ok: false, text: "-" }
  const tests = withTests && ci.ok ? await run(place, "test", "npm", ["test", ...only], place.clone) : undefined
  const [, counted = "?"] = /Tests\s+(.*)/.exec(tests?.said.replaceAll(/\u001b\[[\d;]*m/g, "") ?? "") ?? []
  rows.push({
    node: place.versions[0],
    npm: place.versions[1],
    "npm ci": `${ci.ok ? "well" : "failed"}, ${ci.seconds} s, ${warnings.size} warnings`,
    "npm start": started.text,
    "npm test": tests === undefined ? "-" : `${picked.length > 0 ? "a part: " : ""}${counted}, ${tests.seconds} s`
  })
  for (const warning of warnings) console.log(`Node ${node}: npm ci: ${warning}`)
  const ok = ci.ok && started.ok && (tests?.ok ?? true)
  // What went wrong stays to be looked at.
  if (ok) fs.rmSync(place.folder, { recursive: true })
  else failures.push(place.folder)
}

console.table(rows)
for (const folder of failures) console.log(`What failed is in ${folder}`)
process.exitCode = failures.length === 0 ? 0 : 1
