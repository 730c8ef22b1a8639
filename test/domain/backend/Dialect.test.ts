import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Dialect from "../../../src/domain/backend/Dialect.js"
import * as JsonObject from "../../../src/domain/json/JsonObject.js"
import { holds } from "../generators.js"

const translate = (
  renameParams: Readonly<Record<string, string>>,
  dropParams: ReadonlyArray<string>,
  body: Readonly<Record<string, unknown>>
) => Dialect.translate({ renameParams, dropParams }, body)

describe("Dialect", () => {
  it("changes nothing where nothing differs", () => {
    const body = { model: "m", max_tokens: 5, vendor: null }
    assert.strictEqual(translate({}, [], body), body)
    assert.strictEqual(translate({ seed: "random_seed" }, ["store"], body), body)
  })

  it("renames what the caller gave", () => {
    const names = { max_tokens: "max_completion_tokens" }
    assert.deepStrictEqual(translate(names, [], { model: "m", max_tokens: 5 }), {
      model: "m",
      max_completion_tokens: 5
    })
  })

  it("keeps what the caller gave under the backend's name, unless it is null", () => {
    const names = { max_tokens: "max_completion_tokens" }
    assert.deepStrictEqual(translate(names, [], { max_tokens: 5, max_completion_tokens: 7 }), {
      max_completion_tokens: 7
    })
    assert.deepStrictEqual(translate(names, [], { max_tokens: 5, max_completion_tokens: null }), {
      max_completion_tokens: 5
    })
  })

  it("renames two to one, the first that is set, and one to the other", () => {
    const both = { max_tokens: "limit", max_completion_tokens: "limit" }
    assert.deepStrictEqual(translate(both, [], { max_completion_tokens: 7, max_tokens: 5 }), { limit: 5 })
    assert.deepStrictEqual(translate(both, [], { max_completion_tokens: 7 }), { limit: 7 })
    assert.deepStrictEqual(translate({ a: "b", b: "a" }, [], { a: 1, b: 2 }), { a: 2, b: 1 })
  })

  it("drops last, so a name can be given and taken", () => {
    assert.deepStrictEqual(translate({ a: "b" }, ["b", "c"], { a: 1, c: 2, d: 3 }), { d: 3 })
  })

  it("drops fields of messages, and only of messages", () => {
    const body = {
      reasoning_content: "stays",
      messages: [{ role: "assistant", content: "a", reasoning_content: "r", name: "n" }, "no message"]
    }
    assert.deepStrictEqual(translate({}, ["messages[].reasoning_content", "messages[].name"], body), {
      reasoning_content: "stays",
      messages: [{ role: "assistant", content: "a" }, "no message"]
    })
    assert.deepStrictEqual(translate({}, ["messages[].name"], { prompt: "p" }), { prompt: "p" })
  })

  it("drops fields at any depth, in every item of a list, and what has none is the very same", () => {
    const strict = { type: "function", function: { name: "f", strict: true, parameters: { type: "object" } } }
    const lax = { type: "function", function: { name: "g" } }
    const marked = { type: "text", text: "a", cache_control: { type: "ephemeral" } }
    const plain = { type: "text", text: "b" }
    const body = {
      tools: [strict, lax, "no tool", null],
      messages: [
        { role: "user", content: [marked, plain] },
        { role: "user", content: "c" }
      ],
      response_format: { type: "json_schema", json_schema: { name: "n", strict: true } },
      stream_options: { include_usage: true, x: 1 },
      metadata: { a: { b: [[{ c: 1, d: 2 }], { c: 3 }] } }
    }
    const names = [
      "tools[].function.strict",
      "messages[].content[].cache_control",
      "response_format.json_schema.strict",
      "stream_options.x",
      "metadata.a.b[][].c"
    ]
    const sent = translate({}, names, body)
    assert.deepStrictEqual(sent, {
      tools: [{ ...strict, function: { name: "f", parameters: { type: "object" } } }, lax, "no tool", null],
      messages: [
        {
          role: "user",
          content: [{ type: "text", text: "a" }, plain]
        },
        { role: "user", content: "c" }
      ],
      response_format: { type: "json_schema", json_schema: { name: "n" } },
      stream_options: { include_usage: true },
      metadata: { a: { b: [[{ d: 2 }], { c: 3 }] } }
    })
    assert.strictEqual(JsonObject.listOf(sent["tools"])[1], lax)
    assert.strictEqual(JsonObject.listOf(sent["messages"])[1], body.messages[1])
    assert.strictEqual(
      translate({}, [...names, "model", "a.b", "metadata[].a", "tools[].function.name[].x"], sent),
      sent
    )
    assert.deepStrictEqual(Object.keys(sent), Object.keys(body))
  })

  it("reads the names of what is dropped once for all requests, and copies a body once for all of its keys", () => {
    let reads = 0
    const names = new Proxy(["a", "b.c", "d", "e"], {
      get: (target, key): unknown => {
        if (key === "0") reads++
        return Reflect.get(target, key)
      }
    })
    let copies = 0
    const body = () =>
      new Proxy<Record<string, unknown>>(
        { a: 1, b: { c: 2, x: 3 }, d: 4, e: 5, f: 6 },
        {
          ownKeys: (target) => {
            copies++
            return Reflect.ownKeys(target)
          }
        }
      )
    assert.deepStrictEqual(translate({}, names, body()), { b: { x: 3 }, f: 6 })
    assert.strictEqual(copies, 1)
    const before = reads
    assert.deepStrictEqual(translate({}, names, body()), { b: { x: 3 }, f: 6 })
    assert.strictEqual(reads, before)
  })

  it("is not misled by names that every object has", () => {
    const body = { a: { b: 1 }, toString: 1 }
    assert.strictEqual(translate({}, ["constructor", "a.constructor.name", "valueOf.x"], body), body)
    assert.deepStrictEqual(translate({ a: "valueOf" }, ["toString"], body), { valueOf: { b: 1 } })
    const proto: unknown = JSON.parse('{"a": {"__proto__": {"c": 1}, "b": 2}}')
    assert.strictEqual(JSON.stringify(translate({}, ["a.b"], JsonObject.orEmpty(proto))), '{"a":{"__proto__":{"c":1}}}')
  })

  it("for any value and path: only what stands at its end is gone, and twice is as once", () => {
    const anyBody = fc.letrec<{ readonly value: unknown; readonly object: JsonObject.JsonObject }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.nat(3),
        fc.constant(null),
        tie("object"),
        fc.array(tie("value"), { maxLength: 3 })
      ),
      object: fc.dictionary(fc.constantFrom("a", "b", "c"), tie("value"), { maxKeys: 3 })
    })).object
    const step = fc.tuple(fc.constantFrom("a", "b", "c"), fc.constantFrom("", "", "[]", "[][]"))
    const path = fc
      .tuple(fc.array(step, { maxLength: 3 }), fc.constantFrom("a", "b", "c"))
      .map(([steps, last]) => [...steps.map((each) => each.join("")), last].join("."))
    /** All that there is in a value, as paths with their scalars. */
    const leaves = (value: unknown, at: string): ReadonlyArray<string> => {
      if (Array.isArray(value)) return [`${at}[]`, ...value.flatMap((each) => leaves(each, `${at}[]`))]
      if (!JsonObject.is(value)) return [`${at}=${JSON.stringify(value)}`]
      return [at, ...Object.entries(value).flatMap(([key, each]) => leaves(each, at === "" ? key : `${at}.${key}`))]
    }
    holds(
      fc.tuple(anyBody, path),
      ([body, path]) => {
        const sent = translate({}, [path], body)
        const isGone = (leaf: string) => leaf.startsWith(path) && /^($|[.[=])/.test(leaf.slice(path.length))
        assert.deepStrictEqual(
          leaves(sent, ""),
          leaves(body, "").filter((leaf) => !isGone(leaf))
        )
        assert.strictEqual(translate({}, [path], sent), sent)
        if (!leaves(body, "").some(isGone)) assert.strictEqual(sent, body)
      },
      2_000
    )
  })

  it("for any body: no dropped and no renamed name is left, and everything else is as it was", () =>
    holds(fc.dictionary(fc.constantFrom("a", "b", "c", "d", "e"), fc.option(fc.nat(9))), (body) => {
      const sent = translate({ a: "b" }, ["c"], body)
      assert.doesNotHaveAnyKeys(sent, ["a", "c"])
      for (const key of ["d", "e"]) assert.strictEqual(sent[key], body[key])
      assert.deepStrictEqual(translate({ a: "b" }, ["c"], sent), sent)
    }))
})
