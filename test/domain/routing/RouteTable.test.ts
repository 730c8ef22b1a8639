import { assert, describe, it } from "@effect/vitest"
import * as RouteTable from "../../../src/domain/routing/RouteTable.js"
import { backends, entry } from "../generators.js"

const table = (...claims: ReadonlyArray<readonly [name: string, type: "exact" | "keyword", ...value: Array<string>]>) =>
  RouteTable.make(backends(...claims.map(([name, type, ...value]) => entry({ name, model_match: { type, value } }))))

const names = (routes: RouteTable.RouteTable, model: string) =>
  routes.match("chat", model).map((backend) => backend.name)

const targets = (routes: RouteTable.RouteTable, fallback: string, requested: string) =>
  routes.resolve("chat", fallback, requested).map(({ backend, model }) => `${backend.name}:${model}`)

describe("RouteTable", () => {
  it("matches exact names as a whole", () => {
    const routes = table(["a", "exact", "gpt-4", "gpt-5"])
    assert.deepStrictEqual(names(routes, "gpt-4"), ["a"])
    assert.deepStrictEqual(names(routes, "gpt-5"), ["a"])
    for (const other of ["gpt-4o", "my-gpt-4", "GPT-4", "gpt", ""]) assert.deepStrictEqual(names(routes, other), [])
  })

  it("matches keywords anywhere in the model, in the same case", () => {
    const routes = table(["a", "keyword", "gpt", "claude"])
    for (const model of ["gpt", "my-gpt-4", "claude-3"]) assert.deepStrictEqual(names(routes, model), ["a"])
    for (const model of ["GPT-4", "Claude", "gp t", ""]) assert.deepStrictEqual(names(routes, model), [])
  })

  it("takes a * for any text, in exact names and in keywords", () => {
    const routes = table(["a", "exact", "gpt-*-mini", "o*"], ["b", "keyword", "t-*ni", "*"], ["c", "exact", "*"])
    assert.deepStrictEqual(names(routes, "gpt-4o-mini"), ["a", "b", "c"])
    assert.deepStrictEqual(names(routes, "gpt--mini-2"), ["b", "c"])
    const exact = table(["a", "exact", "gpt-*-mini", "o*", "a*a"])
    for (const model of ["gpt--mini", "gpt-4-mini-mini", "o", "o3", "aa", "aba"])
      assert.deepStrictEqual(names(exact, model), ["a"], model)
    for (const model of ["gpt-mini", "gpt-4-min", "xo", "a", "", "gpt-*-min"])
      assert.deepStrictEqual(names(exact, model), [], model)
    const keyword = table(["b", "keyword", "t-*ni"])
    for (const model of ["gpt-4o-mini-2", "t-ni"]) assert.deepStrictEqual(names(keyword, model), ["b"])
    for (const model of ["t-n", "nit-", "T-ni"]) assert.deepStrictEqual(names(keyword, model), [])
  })

  it("takes every model with type any", () => {
    const routes = RouteTable.make(backends(entry({ name: "a", model_match: { type: "any" } }), entry({ name: "b" })))
    for (const model of ["x", "", "a*b"]) assert.deepStrictEqual(names(routes, model), ["a"])
    assert.deepStrictEqual(names(routes, "m"), ["a", "b"])
  })

  it("knows a model by the caller's name and by the backend's", () => {
    const routes = RouteTable.make(
      backends(
        entry({ name: "a", model_match: null, models: { llama: "llama-versatile", toString: "x" } }),
        entry({ name: "b", model_match: { type: "exact", value: "llama" } }),
        entry({ name: "c", model_match: { type: "keyword", value: "llama" }, models: { llama: "meta/llama" } })
      )
    )
    assert.deepStrictEqual(targets(routes, "llama", "m"), ["a:llama-versatile", "b:llama", "c:meta/llama"])
    assert.deepStrictEqual(targets(routes, "llama-2", "m"), ["c:llama-2"])
    assert.deepStrictEqual(names(routes, "valueOf"), [])
    assert.deepStrictEqual(targets(routes, "toString", "m"), ["a:x"])
    assert.deepStrictEqual(targets(routes, "a", "m"), ["a:llama-versatile"])
  })

  it("puts exact and keyword backends in one pool, in configured order", () => {
    const routes = table(["a", "keyword", "gpt"], ["b", "exact", "gpt-4"], ["c", "exact", "other"])
    assert.deepStrictEqual(names(routes, "gpt-4"), ["a", "b"])
  })

  it("reads a fallback as a model when one serves it", () => {
    const routes = table(["a", "exact", "m"], ["b", "exact", "cheap"], ["c", "keyword", "che"])
    assert.deepStrictEqual(targets(routes, "cheap", "m"), ["b:cheap", "c:cheap"])
  })

  it("prefers the model to a backend of the same name", () => {
    const routes = table(["a", "exact", "m"], ["spare", "exact", "x"], ["c", "exact", "spare"])
    assert.deepStrictEqual(targets(routes, "spare", "m"), ["c:spare"])
  })

  it("reads a fallback as the name of a backend when no backend serves such a model", () => {
    const routes = table(["a", "exact", "m"], ["spare", "exact", "x", "y"])
    assert.deepStrictEqual(targets(routes, "spare", "m"), ["spare:x"])
    assert.deepStrictEqual(targets(routes, "spare", "y"), ["spare:y"])
    assert.deepStrictEqual(targets(routes, "nobody", "m"), [])
  })

  it("asks a keyword backend that is called by its name for the caller's model", () => {
    const routes = table(["a", "exact", "m"], ["spare", "keyword", "x"])
    assert.deepStrictEqual(targets(routes, "spare", "m"), ["spare:m"])
  })
})
