import { assert, describe, it } from "@effect/vitest"
import * as MessageForm from "../../../../src/domain/chat/request/MessageForm.js"
import type { Entry } from "../../generators.js"
import { backend } from "../../generators.js"

const fit = (over: Partial<Entry>, messages: ReadonlyArray<unknown>) => MessageForm.fit(backend(over), messages)
const text = (value: string, more: object = {}) => ({ type: "text", text: value, ...more })
const image = { type: "image_url", image_url: { url: "https://x.example/1.png" } }

describe("MessageForm", () => {
  const instructions = [
    { role: "developer", content: "a", name: "n" },
    { role: "system", content: "b" },
    { role: "user", content: "c" },
    "no message"
  ]

  it("passes on the very messages where nothing differs", () => {
    assert.strictEqual(fit({}, instructions), instructions)
    assert.strictEqual(fit({ system_role: "system" }, instructions.slice(1))[0], instructions[1])
    const plain = instructions.slice(2)
    assert.strictEqual(fit({ system_role: "developer", text_parts: "join" }, plain), plain)
  })

  it("gives instructions the role that the backend has for them", () => {
    const [developer, system, ...rest] = instructions
    assert.deepStrictEqual(fit({ system_role: "system" }, instructions), [
      { role: "system", content: "a", name: "n" },
      system,
      ...rest
    ])
    assert.deepStrictEqual(fit({ system_role: "developer" }, instructions), [
      developer,
      { role: "developer", content: "b" },
      ...rest
    ])
  })

  it("joins the text parts of every role, a line each, where there are no others", () => {
    const parts = [text("a", { cache_control: { type: "ephemeral" } }), text("b\n"), text("c")]
    for (const role of ["system", "developer", "user", "assistant", "tool", "function"]) {
      assert.deepStrictEqual(fit({ text_parts: "join" }, [{ role, content: parts, vendor: 1 }]), [
        { role, content: "a\nb\n\nc", vendor: 1 }
      ])
    }
    assert.deepStrictEqual(fit({ text_parts: "join" }, [{ role: "tool", content: [] }]), [
      { role: "tool", content: "" }
    ])
    const others = [[text("a"), image], [{ type: "text", text: 5 }], "a", null, { odd: true }, ["a"]]
    for (const content of others) {
      const messages = [{ role: "user", content }]
      assert.strictEqual(fit({ text_parts: "join" }, messages), messages)
    }
    const kept = [{ role: "user", content: parts }]
    assert.strictEqual(fit({ text_parts: "keep" }, kept), kept)
  })
})
