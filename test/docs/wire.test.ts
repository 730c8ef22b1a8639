import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"

const page = fs.readFileSync(new URL("../../docs/wire.md", import.meta.url), "utf8")

/** The rows of its last table: section, rule, file and test. */
const rows = page
  .slice(page.indexOf("## 6."))
  .split("\n")
  .filter((line) => /^\| \d/.test(line))
  .map((line) => line.slice(2, -2).split(" | "))

const sections = [...page.matchAll(/^##+ (\d+(?:\.\d+)?)\.? /gm)].map(([, number]) => number ?? "")

describe("the rules of docs/wire.md", () => {
  it("each name a test that is there", () => {
    const missing = rows.filter(([, , file = "", title = ""]) => {
      const source = fs.readFileSync(new URL(`../${file.replaceAll("`", "")}`, import.meta.url), "utf8")
      return title === "" || !source.includes(title)
    })
    assert.deepStrictEqual(missing, [])
  })

  it("are of every section", () => {
    const whole = sections.filter((number) => number.includes(".") || number === "4" || number === "5")
    assert.isAbove(whole.length, 20)
    assert.includeMembers(
      rows.map(([number]) => number ?? ""),
      whole
    )
  })
})
