import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Temp from "../support/Temp.js"
import * as Code from "./Code.js"
import * as Reader from "./Reader.js"
import * as Snippets from "./Snippets.js"

const pages = Snippets.pages()

const meaningOf = (info: string): string =>
  info === "python" && Reader.python !== "runs"
    ? `only ${Reader.python === "compiles" ? "compiles: python3 has no openai here" : "read: no python3 here"}`
    : (Snippets.meanings[info] ?? "is not known")

describe("the documentation", () => {
  it("says of every block what it is", () => assert.deepStrictEqual(pages.flatMap(Snippets.unmarked), []))

  it("cannot hide a block that nobody follows", () => {
    const page = Snippets.parse(
      "x.md",
      ["", "```", "ls", "```", "  ~~~sh maybe", "  ls", "  ~~~", "```sh", "ls", "```"].join("\n")
    )
    assert.deepStrictEqual(
      page.snippets.map(({ text }) => text),
      ["ls", "ls", "ls"]
    )
    assert.deepStrictEqual(
      Snippets.unmarked(page).map((problem) => problem.split(" is none of")[0]),
      ['x.md:2: ""', 'x.md:5: "sh maybe"']
    )
    assert.throws(() => Snippets.parse("x.md", "```sh\nls"), "x.md:1: a block without an end")
  })

  it.scopedLive("has code that type-checks against what was built", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      Code.install(folder)
      const wrong = {
        page: "wrong.md",
        line: 1,
        info: "ts",
        text: 'import * as Gateway from "causeway"\nGateway.nothing()'
      }
      const code = pages.flatMap(({ snippets }) => snippets).filter(Code.is)
      const errors = Code.typeErrors(folder, [...code, wrong])
      assert.deepStrictEqual(
        errors.filter((error) => !error.startsWith("wrong.md")),
        []
      )
      assert.match(errors.join(), /^wrong\.md:3: TS2339: Property 'nothing' does not exist/)
    })
  )
})

for (const page of pages.filter(({ snippets }) => snippets.length > 0)) {
  describe(page.name, () => {
    const scope = Effect.runSync(Scope.make())
    let reader: Reader.Reader | undefined
    beforeAll(async () => (reader = await Effect.runPromise(Scope.extend(Reader.make(page), scope))))
    afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

    for (const snippet of page.snippets) {
      it(`line ${snippet.line}: ${snippet.info} ${meaningOf(snippet.info)}`, () => reader?.follow(snippet))
    }
  })
}
