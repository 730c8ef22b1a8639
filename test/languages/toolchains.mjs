// Finds each toolchain and installs what its lock files pin, outside the tree, in a folder named by the locks.
import { spawn, spawnSync } from "node:child_process"
import * as crypto from "node:crypto"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"

const here = (name) => fileURLToPath(new URL(name, import.meta.url))

const cache = path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache"), "causeway-languages")

const minutes = 60_000

/** Runs a command; resolves with nothing, or with the last lines of what it said when it failed. */
const run = (command, args, { limit = 4 * minutes, ...options } = {}) =>
  new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], timeout: limit, ...options })
    let said = ""
    for (const output of [child.stdout, child.stderr])
      output.on("data", (bytes) => (said = `${said}${bytes}`.slice(-4_000)))
    child.on("error", (error) => resolve(error.message))
    child.on("close", (code, signal) => {
      const last = said.trim().split("\n").slice(-6).join("\n  ")
      resolve(code === 0 ? undefined : `${command} ended with ${code ?? signal}\n  ${last}`)
    })
  })

const versionOf = (command, args) => {
  const { error, status, stderr, stdout } = spawnSync(command, args, { encoding: "utf8", cwd: os.tmpdir() })
  return error === undefined && status === 0 ? `${stdout}${stderr}`.trim().split("\n")[0] : undefined
}

const hashOf = (version, files) => {
  const hash = crypto.createHash("sha256").update(version)
  for (const file of files) hash.update(fs.readFileSync(here(file)))
  return hash.digest("hex").slice(0, 16)
}

/** Fills a folder of the cache once; what was begun and not ended is begun again. */
const filled = async (name, version, files, fill) => {
  const folder = path.join(cache, `${name}-${hashOf(version, files)}`)
  const stamp = path.join(folder, "complete")
  if (fs.existsSync(stamp)) return { folder }
  fs.rmSync(folder, { recursive: true, force: true })
  fs.mkdirSync(folder, { recursive: true })
  const reason = await fill(folder)
  if (reason !== undefined) return { reason }
  fs.writeFileSync(stamp, "")
  return { folder }
}

const pythons = ["python3", "python"]

const python = (name) => ({
  language: "python",
  name: `python/${name}`,
  prepare: async () => {
    const found = pythons.map((command) => [command, versionOf(command, ["--version"])]).find(([, version]) => version)
    if (found === undefined) return { reason: "there is no python3" }
    const [command, version] = found
    const [, minor] = /3\.(\d+)/.exec(version) ?? []
    if (!(minor >= 11)) return { reason: `${version} is older than 3.11, for which the versions are pinned` }
    const lock = `python/${name}.txt`
    const { folder, reason } = await filled(name, version, [lock], async (folder) => {
      const made = await run(command, ["-m", "venv", folder])
      if (made !== undefined) return made
      const pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-compile",
        "--disable-pip-version-check",
        "-r",
        here(lock)
      ]
      return run(path.join(folder, "bin", "python"), pip)
    })
    if (folder === undefined) return { reason }
    return { command: [path.join(folder, "bin", "python"), here("python/main.py")] }
  }
})

/** A folder of the cache that a compiler keeps its own account of. */
const folderOf = (name, version, files) => {
  const folder = path.join(cache, `${name}-${hashOf(version, files)}`)
  fs.mkdirSync(folder, { recursive: true })
  return folder
}

const go = {
  language: "go",
  name: "go",
  prepare: async () => {
    const version = versionOf("go", ["version"])
    if (version === undefined) return { reason: "there is no go" }
    const binary = path.join(folderOf("go", version, ["go/go.mod", "go/go.sum"]), "clients")
    const reason = await run("go", ["build", "-mod=readonly", "-o", binary, "."], { cwd: here("go") })
    return reason === undefined ? { command: [binary] } : { reason }
  }
}

const curl = {
  language: "curl",
  name: "curl",
  prepare: async () =>
    versionOf("curl", ["--version"]) === undefined
      ? { reason: "there is no curl" }
      : { command: [process.execPath, here("curl/curl.mjs")] }
}

const java = {
  language: "java",
  name: "java",
  prepare: async () => {
    const version = versionOf("javac", ["-version"])
    if (version === undefined) return { reason: "there is no javac" }
    if (!(Number(/\d+/.exec(version)?.[0]) >= 17)) return { reason: `${version} is older than 17` }
    if (versionOf("mvn", ["-v"]) === undefined) return { reason: "there is no mvn" }
    const { folder, reason } = await filled("java", version, ["java/pom.xml"], (folder) =>
      run("mvn", [
        ...["-q", "-B", "-f", here("java/pom.xml"), "dependency:copy-dependencies"],
        `-DoutputDirectory=${folder}/jars`
      ])
    )
    if (folder === undefined) return { reason }
    const sources = fs.readdirSync(here("java/src")).map((name) => here(`java/src/${name}`))
    const failed = await run("javac", ["-d", `${folder}/classes`, "-cp", `${folder}/jars/*`, ...sources])
    if (failed !== undefined) return { reason: failed }
    const classpath = [`${folder}/classes`, `${folder}/jars/*`].join(path.delimiter)
    return { command: ["java", "-cp", classpath, "Main"] }
  }
}

const rust = {
  language: "rust",
  name: "rust",
  prepare: async () => {
    const version = versionOf("cargo", ["--version"])
    if (version === undefined) return { reason: "there is no cargo" }
    const folder = folderOf("rust", version, ["rust/Cargo.lock"])
    const args = ["build", "--locked", "--quiet", "--target-dir", folder]
    const reason = await run("cargo", args, { cwd: here("rust"), limit: 15 * minutes })
    return reason === undefined ? { command: [path.join(folder, "debug", "clients")] } : { reason }
  }
}

export const toolchains = [curl, python("openai3"), python("openai2"), go, java, rust]
