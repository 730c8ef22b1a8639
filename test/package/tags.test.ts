import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import packageJson from "../../package.json" with { type: "json" }

// What `Transport` was called before.
const earlier: Readonly<Record<string, string>> = { "causeway/Upstream": "causeway/Transport" }

const entries = Object.keys(packageJson.exports)
  .filter((entry) => !entry.endsWith(".json"))
  .map((entry) => entry.replace(/^\./, "causeway"))

/** Every tag that a module exports, or one of the modules that it exports. */
const tagsOf = (module: object): ReadonlyArray<string> =>
  Object.values(module).flatMap((exported: unknown) => {
    if (Context.isTag(exported)) return [exported.key]
    return isModule(exported) ? tagsOf(exported) : []
  })

const isModule = (value: unknown): value is object =>
  typeof value === "object" && value !== null && Reflect.get(value, Symbol.toStringTag) === "Module"

describe("the tags of services", () => {
  for (const entry of entries) {
    it(`that ${entry} exports have the name that a host imports them by`, async () => {
      const module: unknown = await import(entry)
      assert.isTrue(isModule(module))
      const keys = isModule(module) ? tagsOf(module) : []
      const isRoot = entry === "causeway"
      for (const key of keys) {
        assert.include(entries, key)
        if (!isRoot) assert.strictEqual(key, earlier[entry] ?? entry)
      }
      if (isRoot) assert.isAbove(keys.length, 6)
    })
  }
})
