import { execFile } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { promisify } from "node:util"
import * as Schema from "effect/Schema"

const exec = promisify(execFile)
const root = new URL("../..", import.meta.url).pathname

/** What a program printed. */
export const run = async (
  folder: string,
  program: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
): Promise<string> => {
  const { stdout } = await exec(program, args, { cwd: folder, env: { ...process.env, ...env } })
  return stdout
}

const Package = Schema.Struct({
  filename: Schema.String,
  files: Schema.Array(Schema.Struct({ path: Schema.String }))
})
const Report = Schema.parseJson(Schema.Union(Schema.NonEmptyArray(Package), Schema.Struct({ causeway: Package })))

/** What `npm pack --json` says of the package: until npm 11 in a list, since npm 12 by its name. */
export const packed = (printed: string) => {
  const report = Schema.decodeUnknownSync(Report)(printed)
  return "causeway" in report ? report.causeway : report[0]
}

/** The package as it would be published, of what is built now. */
export const pack = async (folder: string) => {
  const args = ["pack", "--ignore-scripts", "--json", "--pack-destination", folder]
  const { filename, files } = packed(await run(root, "npm", args))
  return { tarball: path.join(folder, filename), files: files.map((file) => file.path) }
}

/** An empty project, strict in every way, with the user's program in it; checking libraries, too, takes its time. */
export const project = (folder: string, { checkLibraries }: { readonly checkLibraries: boolean }): void => {
  fs.writeFileSync(`${folder}/package.json`, JSON.stringify({ name: "app", version: "1.0.0", type: "module" }))
  const compilerOptions = {
    target: "ES2022",
    module: "NodeNext",
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: !checkLibraries,
    types: ["node"],
    outDir: "out"
  }
  fs.writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions, files: ["app.ts"] }))
  fs.copyFileSync(new URL("./app.ts", import.meta.url), `${folder}/app.ts`)
}

const compile = (folder: string, node: string, args: ReadonlyArray<string> = []) =>
  run(folder, node, ["node_modules/typescript/bin/tsc", ...args])

/** Type-checks the user's program as projects do that leave modules to a bundler. */
export const checkForBundler = (folder: string, node: string): Promise<string> =>
  compile(folder, node, ["--noEmit", "--module", "ESNext", "--moduleResolution", "Bundler"])

/**
 * Writes the declarations of a host's program, and gives what the compiler has against them and they themselves.
 *
 * Types need their names there: one that only a private module of the package has cannot be written down.
 */
export const declare = async (
  folder: string,
  node: string,
  options: { readonly module: string; readonly moduleResolution: string }
): Promise<string> => {
  fs.copyFileSync(new URL("./host.ts", import.meta.url), `${folder}/host.ts`)
  const name = `tsconfig.${options.moduleResolution}.json`
  const compilerOptions = {
    ...options,
    declaration: true,
    emitDeclarationOnly: true,
    outDir: options.moduleResolution
  }
  fs.writeFileSync(
    `${folder}/${name}`,
    JSON.stringify({ extends: "./tsconfig.json", compilerOptions, files: ["host.ts"] })
  )
  await compile(folder, node, ["-p", name])
  return fs.readFileSync(`${folder}/${options.moduleResolution}/host.d.ts`, "utf8")
}

const bunPackages = ["@effect/platform-bun", "@types/bun"]

/** Puts a host's program on Bun beside the user's, and type-checks it with Bun's types; gives the program's file. */
export const checkForBun = async (folder: string, node: string): Promise<string> => {
  for (const name of bunPackages) link(folder, name)
  fs.copyFileSync(new URL("./bun/app.ts", import.meta.url), `${folder}/bun.ts`)
  const compilerOptions = { module: "ESNext", moduleResolution: "Bundler", types: ["bun"], noEmit: true }
  fs.writeFileSync(
    `${folder}/tsconfig.bun.json`,
    JSON.stringify({ extends: "./tsconfig.json", compilerOptions, files: ["bun.ts"] })
  )
  await compile(folder, node, ["-p", "tsconfig.bun.json"])
  return "bun.ts"
}

/** The version of Bun, where it is installed. */
export const bun = (): Promise<string | undefined> => run(root, "bun", ["--version"]).catch(() => undefined)

/** Compiles the user's program with this Node, and gives what it says. */
export const compileAndRun = async (folder: string, node: string): Promise<unknown> => {
  await compile(folder, node)
  return JSON.parse(await run(folder, node, ["out/app.js"]))
}

/** What the user's program says when all is well. */
export const expected = {
  text: "You said: Hi / You said: Hi",
  rows: 5,
  mounted: [
    [200, "75", true],
    [200, "74", false]
  ],
  fetched: true,
  closes: true,
  root: true,
  models: true,
  plan: true,
  decoded: true,
  planned: true,
  prepared: true
}

const Names = Schema.Record({ key: Schema.String, value: Schema.String })
const Wanted = Schema.parseJson(
  Schema.Struct({ dependencies: Names, peerDependencies: Names, optionalDependencies: Names })
)

/**
 * Puts the package into a project together with what it asks for and a compiler, instead of installing them: they are
 * those that we have ourselves. What is optional is left out where it is not wanted.
 */
export const borrow = async (
  folder: string,
  tarball: string,
  { omitOptional = false }: { readonly omitOptional?: boolean } = {}
): Promise<void> => {
  const installed = `${folder}/node_modules/causeway`
  fs.mkdirSync(installed, { recursive: true })
  await run(folder, "tar", ["-xzf", tarball, "-C", installed, "--strip-components=1"])
  const { dependencies, optionalDependencies, peerDependencies } = Schema.decodeUnknownSync(Wanted)(
    fs.readFileSync(`${installed}/package.json`, "utf8")
  )
  const wanted = { ...dependencies, ...peerDependencies, ...(omitOptional ? {} : optionalDependencies) }
  for (const name of [...Object.keys(wanted), "typescript", "@types/node"]) link(folder, name)
}

const link = (folder: string, name: string): void => {
  const place = `${folder}/node_modules/${name}`
  fs.mkdirSync(path.dirname(place), { recursive: true })
  // npm leaves out an optional one that does not run here.
  if (fs.existsSync(`${root}node_modules/${name}`)) fs.symlinkSync(`${root}node_modules/${name}`, place)
}
