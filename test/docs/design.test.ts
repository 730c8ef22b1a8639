import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Failure from "../../src/domain/failure/Failure.js"
import * as FailureTable from "./FailureTable.js"
import * as Snippets from "./Snippets.js"

const root = new URL("../../", import.meta.url)
const markdown = fs.readFileSync(new URL("docs/design.md", root), "utf8")
const { snippets } = Snippets.parse("docs/design.md", markdown)

const sources = fs
  .readdirSync(new URL("src", root), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => fs.readFileSync(new URL(`src/${name}`, root), "utf8"))

const plain = (code: string): string => code.replaceAll(/\/\*\*[^]*?\*\//g, "").replaceAll(/\s+/g, " ")

describe("docs/design.md", () => {
  it("has the types that the code has", () => {
    const code = sources.map(plain).join("\n")
    const types = snippets
      .filter(({ text }) => /^(type|interface) /.test(text))
      .flatMap(({ text }) => text.split("\n\n"))
    assert.isAbove(types.length, 5)
    assert.deepStrictEqual(
      types.filter((type) => !code.includes(plain(type))),
      []
    )
  })

  it("tells of every failure and every end what the code makes of it", () => {
    const told = FailureTable.read(markdown)
    for (const [label, cells] of FailureTable.rows) {
      const row = told.get(label)
      const picked = Object.fromEntries(Object.keys(cells).map((head) => [head, row?.[head]]))
      assert.deepStrictEqual(picked, cells, label)
    }
  })

  it("names every failure that there is", () => {
    const tags = Object.entries(Failure).filter(
      ([, value]) => typeof value === "function" && value.prototype instanceof Error
    )
    assert.isAbove(tags.length, 20)
    assert.deepStrictEqual(
      tags.filter(([tag]) => !markdown.includes(`\`${tag}\``)),
      []
    )
  })

  it("names every service that is a tag", () => {
    const tags = sources.flatMap((source) =>
      [...source.matchAll(/class (\w+) extends Context\.(?:Tag|Reference)/g)].map(([, name = ""]) => name)
    )
    assert.isAbove(tags.length, 4)
    assert.deepStrictEqual(
      tags.filter((tag) => !markdown.includes(`| \`${tag}\` |`)),
      []
    )
  })

  it("names every folder", () => {
    const folders = fs
      .readdirSync(new URL("src", root), { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
    assert.deepStrictEqual(
      folders.filter((name) => !markdown.includes(`\`${name}/\``)),
      []
    )
  })
})
