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

/** Compiles the user's program with this Node, and gives what it says. */
export const compileAndRun = async (folder: string, node: string): Promise<unknown> => {
  await run(folder, node, ["node_modules/typescript/bin/tsc"])
  return JSON.parse(await run(folder, node, ["out/app.js"]))
}

/** What the user's program says when all is well. */
export const expected = {
  text: "You said: Hi / You said: Hi",
  rows: 2,
  models: true,
  plan: true,
  decoded: true,
  planned: true,
  prepared: true
}

/** Puts the package into a project together with the modules that we have ourselves, instead of installing them. */
export const borrow = async (folder: string, tarball: string): Promise<void> => {
  const modules = `${folder}/node_modules`
  fs.mkdirSync(`${modules}/causeway`, { recursive: true })
  await run(folder, "tar", ["-xzf", tarball, "-C", `${modules}/causeway`, "--strip-components=1"])
  for (const name of fs.readdirSync(`${root}node_modules`)) {
    if (!name.startsWith(".")) fs.symlinkSync(`${root}node_modules/${name}`, `${modules}/${name}`)
  }
}
