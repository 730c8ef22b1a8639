// Puts the command and the writer's thread in few files with only what they use, which makes them start in a third of
// the time and in two thirds of the memory. The library stays in modules, to share Effect with the app that mounts it.
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { build } from "esbuild"

const outdir = "dist/bin"

rmSync(outdir, { recursive: true, force: true })

const { metafile } = await build({
  entryPoints: ["src/main.ts", "src/records/writer/WriterThread.ts"],
  entryNames: "[name]",
  // What begins it is no ES module.
  outExtension: { ".js": ".mjs" },
  outdir,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.18",
  external: ["better-sqlite3", "better-sqlite3-13"],
  // What is bundled from CommonJS calls `require`, which ES modules lack.
  banner: {
    js: 'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);'
  },
  metafile: true,
  logLevel: "warning"
})

writeFileSync(`${outdir}/package.json`, `${JSON.stringify({ type: "commonjs" })}\n`)
copyFileSync("src/main.cjs", `${outdir}/main.js`)

const packages = new Set(
  Object.keys(metafile.inputs).flatMap((file) => file.match(/^node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0] ?? [])
)

const licenceOf = (folder) => {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"))
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
  const text = file === undefined ? license : readFileSync(`${folder}/${file}`, "utf8").trim()
  return `${name} ${version}\n\n${text}\n`
}

writeFileSync(
  `${outdir}/LICENSES.txt`,
  [...packages]
    .sort()
    .map(licenceOf)
    .join(`\n${"-".repeat(80)}\n\n`)
)
