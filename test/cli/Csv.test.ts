import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Csv from "../../src/cli/Csv.js"
import * as Printable from "../../src/domain/text/Printable.js"
import { holds } from "../domain/generators.js"
import * as Hostile from "../support/Hostile.js"

/** The values of comma-separated lines, as RFC 4180 has them. */
const read = (text: string): ReadonlyArray<ReadonlyArray<string>> => {
  const rows: Array<Array<string>> = []
  let row: Array<string> = []
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    row.push(quoted?.replaceAll('""', '"') ?? plain ?? "")
    if (end === ",") continue
    rows.push(row)
    row = []
  }
  return rows
}

describe("comma-separated values", () => {
  it("are quoted where a value would end, and stay on one line", () => {
    assert.strictEqual(Csv.line(["a", 'b"c', "d,e", "f\ng", ""]), 'a,"b""c","d,e",f␊g,\r\n')
  })

  it("hold no formula, but every number", () => {
    for (const text of [
      "=1",
      "+1",
      "-x",
      "-1+1",
      "@a",
      "  =1",
      "\u3000=1",
      "＝1",
      "＋1",
      "－1",
      "＠a",
      "=cmd|' /C calc'!A0"
    ]) {
      assert.strictEqual(Csv.line([text]), `'${text}\r\n`)
    }
    for (const text of ["-1", "-1.5", "-1e-7", "1", "a=b", "'"]) {
      assert.strictEqual(Csv.line([text]), `${text}\r\n`)
    }
    for (const text of ["\t=1", "\r=1", "\n=1"]) assert.match(Csv.line([text]), /^[␉␍␊]=1\r\n$/)
  })

  it("can be read again: each value as it is shown, with a ' before what looks like a formula", () => {
    holds(fc.array(fc.array(Hostile.text, { minLength: 1 }), { minLength: 1 }), (rows) => {
      const text = rows.map(Csv.line).join("")
      assert.deepStrictEqual(Hostile.actedUpon(text.replaceAll("\r\n", "\n")), [])
      assert.lengthOf(text.split("\r\n"), rows.length + 1)
      const found = read(text)
      for (const value of found.flat()) {
        assert.notMatch(value, /^\s*(?:[=+@＝＋－＠]|-(?!\d+(\.\d+)?$))/)
      }
      const shown = rows.map((row) => row.map(Printable.line))
      assert.deepStrictEqual(
        found.map((row, r) => row.map((value, n) => (value === shown[r]?.[n] ? value : value.replace(/^'/, "")))),
        shown
      )
    })
  })
})
