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

  it("leaves quotations alone, in backticks or between fences", () => {
    const quoted = [
      "`<t>x</t>`",
      "The tags `<t>` and `</t>`, a <t> and `</t>`.",
      "`` <t>`x`</t> ``",
      "`a\nb <t>x</t>`",
      "```\n<t>x</t>\n```",
      "```html\n\n<t>x</t>\n\n```  ",
      "````\n```\n<t>x</t>\n```\n````",
      "~~~ a ` b\n<t>x</t>\n~~~~",
      "1. list\n\n   ```\n   <t>x</t>\n   ```",
      "> ``` <t>x</t> ```",
      "cut off\n```\n<t>x</t>",
      "Code:\n\n    <t>x</t>\n    <t>y</t>\n\nThat is all.",
      "Code:\n\n\t<t>x</t>",
      "Code:\n \n  \t<t>\n\n    x</t>",
      'The tags "<t>" and "</t>".',
      "The tags '<t>' and '</t>'.",
      'It has "<t>x</t>" in it.',
      "It has '<t>x</t>' in it."
    ]
    for (const text of quoted) assert.strictEqual(TagBlocks.remove(text, ["t"]), text)
  })

  it("removes what is not quoted, whatever stands beside it", () => {
    for (const [text, left] of [
      ["<t>x</t>`<t>y</t>`<t>z</t>", "`<t>y</t>`"],
      ["<t>`</t>` and\n```\n</t>\n```\n</t>a", "a"],
      ["````<t></t>\n```\n", "````<t></t>\n```\n"],
      ["<t>a ` b</t>\n\nc ` d", "\n\nc ` d"],
      ["`` <t>x</t> `", "``  `"],
      ["a ` b\n\n<t>x</t> `", "a ` b\n\n `"],
      ["```\n<t>x</t>\n~~~\n```\n<t>y</t>", "```\n<t>x</t>\n~~~\n```\n"],
      ["``` a ` b\n<t>x</t>", "``` a ` b\n"],
      ["<t>thought in a block\n```js\nf()\n</t>\n\nThe answer `<t>y</t>`", "\n\nThe answer `<t>y</t>`"],
      ["<t>\n```js\nf()\n```\n</t>\n\nIt is\n\n```js\ng()\n```\n", "\n\nIt is\n\n```js\ng()\n```\n"],
      ["<t>```js\nf()\n```\n</t>\n\nIt is\n\n```js\ng()\n```\n", "\n\nIt is\n\n```js\ng()\n```\n"],
      ["<t>\n~~~\nf()\n~~~</t>\n\nIt is\n\n~~~\ng()\n~~~\n", "\n\nIt is\n\n~~~\ng()\n~~~\n"],
      ["Code:\n    <t>x</t>", "Code:\n    "],
      ["Code:\n\n   <t>x</t>", "Code:\n\n   "],
      ["    <t>x</t>a", "    a"],
      ["\n\n    <t>x</t>a", "\n\n    a"],
      ["Code:\n\n    a\nb <t>x</t>", "Code:\n\n    a\nb "],
      ["<t>\n\n    x\n    </t>a <t>y</t>", "a "],
      ["<t>x\n\n    `</t>` y\n</t>a", "a"],
      ['<t>say "hi"</t>"Hi" is it. <t>x</t>', '"Hi" is it. '],
      ['<t>say "<t>x</t>"Hi" is it. <t>x</t>', '"Hi" is it. '],
      ['"Hi" <t>x</t> "you"', '"Hi"  "you"'],
      ['"<t>x</t> a"', '" a"'],
      ['"<t>x\n</t>"', '""'],
      ["\"<t>'</t>", '"'],
      ["<t`x`></t>", "<t`x`></t>"],
      ["`<t`>x</t>", "`<t`>x</t>"]
    ] as const) {
      assert.strictEqual(TagBlocks.remove(text, ["t"]), left, text)
    }
  })

  it("for any text with code in it: as if the code were one character", () => {
    const code = fc
      .tuple(
        fc.constantFrom("`", "``", "```"),
        texts("<t>", "</t>", "<", "t>", "a", " "),
        fc.constantFrom("inline", "block")
      )
      .map(([ticks, quoted, kind]) =>
        kind === "inline"
          ? `${ticks} ${quoted} ${ticks}`
          : `\n\n\`\`\`${quoted.replaceAll("\n", "")}\n${quoted}\n\`\`\`\n\n`
      )
    const around = texts("<t>", "</t>", "<uu>", "</uu>", "<", "t>", "/", "a")
    holds(
      fc.array(fc.tuple(around, code), { maxLength: 6 }),
      (pieces) => {
        const codes = pieces.map(([, code], at) => [String.fromCodePoint(0xe000 + at), `\n\n.${code}.\n\n`] as const)
        const shown = (text: string) => codes.reduce((text, [mark, code]) => text.replace(mark, code), text)
        const plain = pieces.map(([text], at) => `${text}${codes[at]?.[0]}`).join("")
        assert.strictEqual(
          TagBlocks.remove(shown(plain), ["t", "uu"]),
          shown(firstToEnd(plain, ["t", "uu"])),
          shown(plain)
        )
      },
      5_000
    )
  })

  it("for any text: nothing more is removed the second time, trimmed or not", () => {
    const pieces = [
      "<t>",
      "</t>",
      "<uu>",
      "</uu>",
      "a",
      "`",
      "``",
      "\n```\n",
      "\n~~~\n",
      "```",
      "\n",
      "\n\n",
      " ",
      "    ",
      "\n\n    ",
      "\t",
      '"',
      "'",
      "\u00a0"
    ]
    holds(
      texts(...pieces),
      (text) => {
        const once = TagBlocks.remove(text, ["t", "uu"])
        assert.strictEqual(TagBlocks.remove(once, ["t", "uu"]), once)
        const trimmed = once.trim()
        assert.strictEqual(TagBlocks.remove(trimmed, ["t", "uu"]).trim(), trimmed)
      },
      30_000
    )
  })

  it("leaves a quoted opening alone while another tag is open", () => {
    const text = 'A <uu> opens. The tags "<t>" and "</t>" are others.'
    assert.strictEqual(TagBlocks.remove(text, ["t", "uu"]), text)
  })

  it("takes a tag literally", () => {
    assert.strictEqual(TagBlocks.remove("<a.b>x</a.b><a-b>y</a-b>", ["a.b"]), "<a-b>y</a-b>")
    assert.strictEqual(TagBlocks.remove("<t>x</t>", []), "<t>x</t>")
  })
})
