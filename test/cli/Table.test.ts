import { assert, describe, it } from "@effect/vitest"
import * as Table from "../../src/cli/Table.js"

describe("Table", () => {
  it("makes every column as wide as its widest cell, and leaves no space at the end of a line", () => {
    assert.strictEqual(
      Table.render(
        ["name", "n"],
        [
          ["a long one", "1"],
          ["b", ""]
        ]
      ),
      "name        n\na long one  1\nb"
    )
  })

  it("of no rows is its headers", () => assert.strictEqual(Table.render(["a", "b"], []), "a  b"))
})
