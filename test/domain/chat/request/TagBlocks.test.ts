import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as TagBlocks from "../../../../src/domain/chat/request/TagBlocks.js"
import { holds } from "../../generators.js"

/** Removes one block after the other, and begins anew each time: the rule, for one tag. */
const oneByOne = (text: string, tag: string): string => {
  const open = `<${tag}>`
  const close = `</${tag}>`
  const start = text.indexOf(open)
  const end = start === -1 ? -1 : text.indexOf(close, start)
  return end === -1 ? text : oneByOne(text.slice(0, start) + text.slice(end + close.length), tag)
}

/** The same for several: of all blocks the one that ends first. */
const firstToEnd = (text: string, tags: ReadonlyArray<string>): string => {
  const blocks = tags.flatMap((tag) => {
    const start = text.indexOf(`<${tag}>`)
    const end = start === -1 ? -1 : text.indexOf(`</${tag}>`, start)
    return end === -1 ? [] : [{ start, end: end + `</${tag}>`.length }]
  })
  const [first] = blocks.sort((a, b) => a.end - b.end)
  return first === undefined ? text : firstToEnd(text.slice(0, first.start) + text.slice(first.end), tags)
}

const texts = (...pieces: ReadonlyArray<string>) =>
  fc.array(fc.constantFrom(...pieces), { maxLength: 24 }).map((list) => list.join(""))

/** Blocks that were put anywhere into others, their marks included. */
const nested = (...tags: ReadonlyArray<string>) =>
  fc
    .array(fc.tuple(fc.constantFrom(...tags), fc.nat(), fc.constantFrom("", "a", "<")), { maxLength: 8 })
    .map((blocks) =>
      blocks.reduce((text, [tag, where, said]) => {
        const at = where % (text.length + 1)
        return `${text.slice(0, at)}<${tag}>${said}</${tag}>${text.slice(at)}`
      }, "b")
    )

describe("TagBlocks", () => {
  it("removes the blocks of one tag as if one after the other", () => {
    const pieces = ["<t>", "</t>", "<", "t", ">", "/", "</t", "<t", "t>", "a"]
    const claim = (text: string) => assert.strictEqual(TagBlocks.remove(text, ["t"]), oneByOne(text, "t"))
    holds(fc.oneof(texts(...pieces), nested("t")), claim, 5_000)
  })

  it("removes of several the block that ends first, in whatever order the tags are given", () => {
    const pieces = ["<t>", "</t>", "<uu>", "</uu>", "<", "t", "u", ">", "/", "</u", "<t", "t>", "u>", "a"]
    const claim = (text: string) => {
      const removed = firstToEnd(text, ["t", "uu"])
      assert.strictEqual(TagBlocks.remove(text, ["t", "uu"]), removed)
      assert.strictEqual(TagBlocks.remove(text, ["uu", "t"]), removed)
      assert.strictEqual(TagBlocks.remove(removed, ["t", "uu"]), removed)
    }
    holds(fc.oneof(texts(...pieces), nested("t", "uu")), claim, 5_000)
  })

  it("takes a tag literally", () => {
    assert.strictEqual(TagBlocks.remove("<a.b>x</a.b><a-b>y</a-b>", ["a.b"]), "<a-b>y</a-b>")
    assert.strictEqual(TagBlocks.remove("<t>x</t>", []), "<t>x</t>")
  })
})
