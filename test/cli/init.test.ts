import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Check from "../../src/cli/Check.js"
import * as Init from "../../src/cli/Init.js"
import * as CommandLine from "../support/CommandLine.js"
import * as Temp from "../support/Temp.js"

const init = (...args: ReadonlyArray<string>) => CommandLine.run(Init.command, args)

describe("causeway init", () => {
  it.scoped("writes a commented configuration that is well, and its JSON Schema", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const path = `${folder}/own.yaml`
      const { ok, out } = yield* init(path)
      assert.isTrue(ok)
      assert.strictEqual(
        out,
        `Wrote ${path} and ${folder}/config.schema.json.\nNext: causeway serve --config ${path}\n`
      )
      assert.deepStrictEqual(Temp.names(folder), ["config.schema.json", "own.yaml"])
      const text = fs.readFileSync(path, "utf8")
      assert.match(text, /^# yaml-language-server: \$schema=\.\/config\.schema\.json\n# \S/)
      const checked = yield* CommandLine.run(Check.command, [path, "--strict"])
      assert.isTrue(checked.ok, checked.out)
    })
  )

  it.scoped("leaves what is there as it is", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const path = `${folder}/config.yaml`
      fs.writeFileSync(path, "mine")
      const refused = yield* init(path)
      assert.deepStrictEqual(refused, { out: "", err: `${path}: exists already and was left as it is\n`, ok: false })
      assert.strictEqual(fs.readFileSync(path, "utf8"), "mine")
      assert.deepStrictEqual(Temp.names(folder), ["config.yaml"])

      fs.writeFileSync(`${folder}/config.schema.json`, "mine too")
      const other = yield* init(`${folder}/other.yaml`, "--json")
      assert.deepStrictEqual(JSON.parse(other.out), { written: [`${folder}/other.yaml`] })
      assert.strictEqual(fs.readFileSync(`${folder}/config.schema.json`, "utf8"), "mine too")
    })
  )

  it.effect("says why it cannot write", () =>
    Effect.gen(function* () {
      const { err, ok } = yield* init("/nowhere/config.yaml")
      assert.isFalse(ok)
      assert.match(err, /^\/nowhere\/config\.yaml: cannot be written: .*no such file/)
    })
  )
})
