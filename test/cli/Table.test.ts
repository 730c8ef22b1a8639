import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Table from "../../src/cli/Table.js"
import { holds } from "../domain/generators.js"
import * as Hostile from "../support/Hostile.js"

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

  it("cuts a long value, so that the others' lines stay short, and more where a column wants more", () => {
    const columns = [{ title: "T" }, { title: "M", most: 6 }, { title: "LAST" }]
    const rows = [
      ["x".repeat(1_000_000), "12345678", "a"],
      ["y", "😀😀😀", "b"]
    ]
    assert.strictEqual(
      Table.render(columns, rows),
      [`T${" ".repeat(61)}M       LAST`, `${"x".repeat(59)}…  12345…  a`, `y${" ".repeat(61)}😀😀😀     b`].join("\n")
    )
  })

  it("is one line for each row, whatever is in it", () => {
    holds(fc.array(fc.tuple(Hostile.text, Hostile.text)), (rows) => {
      const table = Table.render(Table.titled("A", "B"), rows, 80)
      assert.lengthOf(table.split("\n"), rows.length + 1)
      assert.deepStrictEqual(Hostile.actedUpon(table), [])
    })
  })

  it("shows nothing that a terminal would act upon", () => {
    assert.strictEqual(Table.render([{ title: "T" }], [["a\u001b[31mb\r\n\u202e"]]), "T\na␛[31mb␍␊�")
  })
})
