import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Packed from "./Packed.js"

/** Where in a folder are the headers of a Node, which come with its package, so that nothing else is fetched to compile. */
const headersIn = (folder: string): string => {
  const header = "/include/node/node.h"
  const found = fs.readdirSync(folder, { recursive: true, encoding: "utf8" }).find((name) => name.endsWith(header))
  return found === undefined ? "" : `${folder}/${found.slice(0, -header.length)}`
}

// Real installations, each with a Node of its own from the registry: minutes, since SQLite may have to be compiled.
describe("the package, installed by npm into an empty project", () => {
  // Only Node 20 needs the SQLite that may have to be compiled.
  for (const { version, flags } of [
    { version: "20", flags: [] },
    { version: "22", flags: ["--omit=optional"] },
    { version: "24", flags: ["--omit=optional"] },
    { version: "26", flags: ["--omit=optional"] }
  ]) {
    it(`compiles and runs on Node ${version}, as a library and as a command`, async () => {
      const folder = fs.mkdtempSync(`/tmp/causeway-node${version}-`)
      try {
        const { tarball } = await Packed.pack(folder)
        fs.mkdirSync(`${folder}/node`)
        await Packed.run(`${folder}/node`, "npm", ["install", "--prefix", ".", "--no-audit", `node@${version}`])
        const bin = `${folder}/node/node_modules/.bin`
        const env = { PATH: `${bin}:${process.env["PATH"] ?? ""}`, npm_config_nodedir: headersIn(`${folder}/node`) }
        assert.match(await Packed.run(folder, "node", ["--version"], env), new RegExp(`^v${version}\\.`))
        fs.mkdirSync(`${folder}/app`)
        Packed.project(`${folder}/app`, { checkLibraries: true })
        const packages = [tarball, "effect@3", "typescript@5", "@types/node@20"]
        await Packed.run(
          `${folder}/app`,
          "npm",
          ["install", "--prefer-offline", "--no-audit", ...flags, ...packages],
          env
        )
        assert.deepStrictEqual(await Packed.compileAndRun(`${folder}/app`, `${bin}/node`), Packed.expected)
        const said = await Packed.run(`${folder}/app`, "npx", ["--no", "causeway", "--", "--version"], env)
        assert.match(said, /^\d+\.\d+\.\d+\s*$/)
      } finally {
        fs.rmSync(folder, { recursive: true })
      }
    })
  }
})
