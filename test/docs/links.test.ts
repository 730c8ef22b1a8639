import { assert, describe, it } from "@effect/vitest"
import * as Links from "./Links.js"
import { shapes } from "../clients/Shapes.js"

const pages = Links.pages()
const sources = ["src", "test"].flatMap(Links.sources)

describe("the links of the documentation", () => {
  it("lead nowhere that is not there", () => {
    assert.includeMembers(
      pages.map(({ name }) => name),
      [
        "README.md",
        "SECURITY.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "bench/HISTORY.md",
        "docs/decisions/0007-speed.md"
      ]
    )
    assert.deepStrictEqual(pages.flatMap(Links.broken), [])
  })

  it("are seen to be broken", () => {
    const right = "[c](../README.md#quick-start) [d](../src/main.ts#L1) [e](decisions)"
    const wrong = "[a](nowhere.md) [b](records.md#no-heading) [f](../src/main.ts#L1-L9999) [g](../../elsewhere)"
    assert.deepStrictEqual(Links.broken({ name: "docs/x.md", markdown: `${right} ${wrong}` }), [
      "docs/x.md: nowhere.md",
      "docs/x.md: records.md#no-heading",
      "docs/x.md: ../src/main.ts#L1-L9999",
      "docs/x.md: ../../elsewhere"
    ])
  })
})

describe("what the sources cite", () => {
  it("is in the repository", () => {
    assert.deepStrictEqual(sources.flatMap(Links.missing), [])
    const elsewhere = ["NOWHERE", "md"].join(".")
    assert.deepStrictEqual(Links.missing({ name: "x.ts", markdown: `// README.md, ${elsewhere} §1` }), [
      `x.ts: ${elsewhere}`
    ])
  })

  it("of the wire contract are sections that it has", () => {
    const wire = pages.find(({ name }) => name === "docs/wire.md")
    const known = Links.sectionsOf(wire?.markdown ?? "")
    const inComments = sources.flatMap(({ markdown }) =>
      [...markdown.matchAll(/docs\/wire\.md §.*/g)].flatMap(([comment]) => numbersOf(comment.replaceAll("§", " ")))
    )
    // 5.1 and so on are quirks, which docs/clients.md lists.
    const inShapes = shapes.flatMap(({ proves }) =>
      proves.flatMap((each) => numbersOf(each.replace("§", "").replace(/^5\.\d+/, "5")).slice(0, 1))
    )
    assert.isNotEmpty(inComments)
    assert.isAbove(inShapes.length, shapes.length)
    assert.deepStrictEqual(
      [...inComments, ...inShapes].filter((section) => !known.has(section)),
      []
    )
  })
})

const numbersOf = (text: string): ReadonlyArray<string> => text.match(/(?<=^|\s)\d+(?:\.\d+)?\b/g) ?? []
