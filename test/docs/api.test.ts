import * as fs from "node:fs"
import { assert, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ApiPages from "../../scripts/ApiPages.js"
import * as Temp from "../support/Temp.js"
import * as Code from "./Code.js"
import * as Snippets from "./Snippets.js"

const folder = new URL("../../docs/api/", import.meta.url)
const entries = ApiPages.entries()
const pages = await ApiPages.pages(entries)

describe("what the package exports", () => {
  for (const { items, names } of entries) {
    it(`${names.join(", ")}: each says what it is, of which kind and since when, and one shows how it is used`, () => {
      const untold = items.filter(
        ({ category, description, since }) => description === "" || category === "" || !/^\d+\.\d+\.\d+$/.test(since)
      )
      assert.deepStrictEqual(
        untold.map(({ name }) => name),
        []
      )
      assert.isTrue(items.some(({ examples }) => examples.length > 0))
    })
  }
})

// Written by `npm run generate`, which is this test with --update.
describe("docs/api", () => {
  for (const [name, text] of pages) {
    it(`has ${name} as the code is now`, () => expect(text).toMatchFileSnapshot(`../../docs/api/${name}`))
  }

  it("has no other page", () =>
    assert.deepStrictEqual(
      fs.readdirSync(folder).filter((name) => !pages.has(name)),
      []
    ))

  it.scopedLive("has examples that type-check against what was built", () =>
    Effect.gen(function* () {
      const place = yield* Temp.directory
      Code.install(place)
      const wrong = {
        page: "wrong.md",
        line: 1,
        info: "ts",
        text: 'import { nothing } from "causeway/Completions"\nnothing()'
      }
      const found = [...pages].flatMap(([name, text]) => Snippets.parse(name, text).snippets)
      const examples = found.filter(({ info }) => info === "ts")
      assert.isAtLeast(examples.length, entries.length)
      const errors = Code.typeErrors(place, [...examples, wrong])
      assert.deepStrictEqual(
        errors.filter((error) => !error.startsWith("wrong.md")),
        []
      )
      assert.lengthOf(errors, 1)
    })
  )
})
