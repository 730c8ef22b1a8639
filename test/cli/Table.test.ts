import { assert, describe, it } from "@effect/vitest"
import * as Table from "../../src/cli/Table.js"

describe("Table", () => {
  it("aligns its columns, numbers to the right, and leaves no space behind a line", () => {
    const rows = [
      ["a", "1", "x"],
      ["ccc", "1000", ""]
    ]
    const columns = [{ title: "NAME" }, { title: "N", align: "right" as const }, { title: "LAST" }]
    assert.strictEqual(Table.render(columns, rows), "NAME     N  LAST\na        1  x\nccc   1000")
  })

  it("of no rows is its titles", () => assert.strictEqual(Table.render(Table.titled("a", "b"), []), "a  b"))

  it("cuts lines that are wider than the terminal", () => {
    assert.strictEqual(Table.render([{ title: "TITLE" }], [["123456789"]], 6), "TITLE\n12345…")
  })

  it("shows nothing that a terminal would act upon", () => {
    assert.strictEqual(Table.render([{ title: "T" }], [["a\u001b[31mb\r\n\u202e"]]), "T\na�[31mb���")
  })
})
