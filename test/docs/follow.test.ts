import * as fs from "node:fs"
import { assert, describe, expect, it } from "@effect/vitest"
import * as Places from "./Places.js"

const page = new URL("../../docs/follow-one-request.md", import.meta.url)
const markdown = fs.readFileSync(page, "utf8")
const steps = markdown.split(/^## /m).slice(1)

// `npm run generate` is this test with --update.
describe("docs/follow-one-request.md", () => {
  it("has ten links, in order, each with places in the code", () => {
    assert.deepStrictEqual(
      steps.map((step) => parseInt(step, 10)),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    )
    assert.deepStrictEqual(
      steps.filter((step) => Places.of(step).length === 0),
      []
    )
  })

  it("leads to the very lines of what it names", async () => {
    assert.deepStrictEqual(
      Places.of(markdown).filter(({ names }) => names.length === 0),
      []
    )
    await expect(Places.fill(markdown)).toMatchFileSnapshot("../../docs/follow-one-request.md")
  })

  it("names what is in those lines", () => {
    for (const { file, first, last, names } of Places.of(Places.fill(markdown))) {
      for (const name of names) {
        const at = Places.spanOf(file, name).first
        assert.isTrue(first <= at && at <= last, `${name} in ${file}`)
      }
    }
  })

  it("would not lead to what is gone", () =>
    assert.throws(() => Places.fill("[`gone`](../src/relay/Relay.ts#L1-L2)"), "src/relay/Relay.ts declares no gone"))
})
