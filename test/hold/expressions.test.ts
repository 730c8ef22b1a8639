import { assert, describe, it } from "@effect/vitest"
import * as Expressions from "./Expressions.js"

/** Those that only ever see what the operator has written, and may take their time, and those that nobody can try. */
const own: ReadonlyArray<readonly [file: string, text: string, why: string]> = [
  [
    "domain/text/Needles.ts",
    'new RegExp(heads.length === 0 ? never : heads.join("|"), "gi")',
    "texts of at most 64 characters, taken literally"
  ],
  ["domain/chat/answer/Prefix.ts", String.raw`/[\r\n]+$/`, "a backend's special_prefix"],
  ["testing/Script.ts", String.raw`/\s*\S+/g`, "what a host's test lets its backend say"],
  ["upstream/BackendUrl.ts", String.raw`/\/+$/`, "a backend's base_url"]
]

describe("every regular expression", () => {
  const found = Expressions.all()
  const isOwn = ({ file, text }: Expressions.Found) => own.some(([a, b]) => a === file && text.startsWith(b))

  it("is found", () => assert.isAbove(found.length, 30))

  it("that is listed as the operator's own is there", () => {
    for (const [file, text] of own)
      assert.isTrue(
        found.some((each) => each.file === file && each.text.startsWith(text)),
        text
      )
  })

  for (const each of found.filter((each) => !isOwn(each))) {
    it(`takes a time in proportion to its text: ${each.file} ${each.text}`, () => {
      assert(each.expression !== undefined, "made of what is not known here")
      assert.isUndefined(Expressions.weakness(each.expression))
    })
  }

  for (const weak of [
    /([?&;][^=&\s]*(?:auth|cookie|key|token)[^=&\s]*=)[^&;#\s]+/i,
    /([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)\r?\n/y,
    /\s*\S+/,
    /\/+$/
  ]) {
    it(`would be found out: ${weak}`, () => assert.isDefined(Expressions.weakness(weak)))
  }
})
