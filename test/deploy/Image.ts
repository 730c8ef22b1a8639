import { execFile } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { promisify } from "node:util"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Temp from "../support/Temp.js"

const exec = promisify(execFile)
const root = new URL("../../", import.meta.url).pathname

/** The oldest Node that takes the driver that the image brings. */
const oldest = [22, 14] as const

/** Runs buildah over a store of its own, in a folder, without a daemon and without a registry of images. */
export interface Builder {
  readonly buildah: (...args: ReadonlyArray<string>) => Promise<string>
  /** The words before a command of buildah's, for whoever starts it. */
  readonly words: ReadonlyArray<string>
  readonly folder: string
}

/** A store that goes with the scope. */
export const make: Effect.Effect<Builder, never, Scope.Scope> = Effect.gen(function* () {
  const folder = yield* Temp.directory
  const words = ["--root", `${folder}/store`, "--runroot", `${folder}/run`, "--storage-driver", "vfs"]
  const buildah = async (...args: ReadonlyArray<string>) => {
    const { stdout } = await exec("buildah", [...words, ...args], { maxBuffer: 64 * 1024 * 1024 })
    return stdout.trim()
  }
  return { buildah, words, folder }
})

const build = ["bud", "--isolation", "chroot", "--pull-never", "--format", "docker"]

/** Makes what stands for `node:24-bookworm-slim` of the programs of this machine. */
export const base = async ({ buildah, folder }: Builder): Promise<string> => {
  const context = `${folder}/base`
  const files = `${context}/root`
  const [, npmHome = ""] = await Promise.all([fs.promises.mkdir(files, { recursive: true }), homeOfNpm()])
  for (const name of ["tmp", "etc/ssl/certs", "usr/local/bin", "usr/local/lib/node_modules"]) {
    fs.mkdirSync(`${files}/${name}`, { recursive: true })
  }
  const node = await recentNode(folder)
  fs.copyFileSync(node, `${files}/usr/local/bin/node`)
  fs.cpSync(npmHome, `${files}/usr/local/lib/node_modules/npm`, { recursive: true, dereference: true })
  fs.symlinkSync("../lib/node_modules/npm/bin/npm-cli.js", `${files}/usr/local/bin/npm`)
  const tools = ["/bin/sh", "/usr/bin/env", "/bin/mkdir", "/bin/chown"]
  for (const file of [...tools, ...(await librariesOf([node, ...tools]))]) {
    fs.mkdirSync(path.dirname(`${files}${file}`), { recursive: true })
    fs.copyFileSync(file, `${files}${file}`)
  }
  fs.writeFileSync(`${files}/etc/passwd`, "root:x:0:0:root:/root:/bin/sh\n")
  const authorities = process.env["NODE_EXTRA_CA_CERTS"]
  if (authorities !== undefined) fs.copyFileSync(authorities, `${files}/etc/ssl/certs/extra.crt`)
  const registry = (await exec("npm", ["config", "get", "registry"])).stdout.trim()
  fs.writeFileSync(
    `${context}/Dockerfile`,
    [
      "FROM scratch",
      "COPY root/ /",
      "ENV PATH=/usr/local/bin:/usr/bin:/bin",
      `ENV npm_config_registry=${registry}`,
      ...(authorities === undefined ? [] : ["ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/extra.crt"])
    ].join("\n")
  )
  await buildah(...build, "-t", "localhost/node:base", context)
  return "localhost/node:base"
}

/** Builds what is shipped on this base. */
export const shipped = async ({ buildah }: Builder, from: string): Promise<string> => {
  const args = ["--build-arg", `BASE=${from}`, "-f", `${root}deploy/Dockerfile`, "-t", "localhost/causeway:test", root]
  await buildah(...build, ...args)
  return "localhost/causeway:test"
}

const Inspected = Schema.parseJson(
  Schema.Struct({
    Docker: Schema.Struct({
      config: Schema.Struct({
        User: Schema.String,
        Env: Schema.Array(Schema.String),
        Entrypoint: Schema.Array(Schema.String),
        Cmd: Schema.Array(Schema.String),
        Volumes: Schema.Record({ key: Schema.String, value: Schema.Unknown }),
        Healthcheck: Schema.Struct({ Test: Schema.Array(Schema.String) }),
        Labels: Schema.Record({ key: Schema.String, value: Schema.String })
      })
    })
  })
)

/** What an image says of itself. */
export const configOf = async ({ buildah }: Builder, image: string) =>
  Schema.decodeUnknownSync(Inspected)(await buildah("inspect", "--type", "image", image)).Docker.config

const homeOfNpm = async (): Promise<string> => {
  const { stdout } = await exec("npm", ["root", "--global"])
  return `${stdout.trim()}/npm`
}

// The machine's own where it is recent enough, else the one that npm has.
const recentNode = async (folder: string): Promise<string> => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return process.execPath
  const name = `node-linux-${process.arch}`
  await exec("npm", ["install", "--prefix", `${folder}/node`, "--no-audit", "--no-fund", "--force", `${name}@24`])
  return `${folder}/node/node_modules/${name}/bin/node`
}

const librariesOf = async (programs: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const said = await Promise.all(programs.map(async (program) => (await exec("ldd", [program])).stdout))
  return [...new Set(said.flatMap((text) => text.match(/\/\S+(?= \(0x)/g) ?? []))]
}
