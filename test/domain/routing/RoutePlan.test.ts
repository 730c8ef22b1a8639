import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Option from "effect/Option"
import * as RoutePlan from "../../../src/domain/routing/RoutePlan.js"
import * as RouteTable from "../../../src/domain/routing/RouteTable.js"
import type { Entry } from "../generators.js"
import { anyBackends, backends, entry, holds } from "../generators.js"

const shown = ({ backend, model }: RouteTable.Target) => `${backend.name}:${model}`

const serving = (name: string, model: string, over: Partial<Entry> = {}) =>
  entry({ name, model_match: { type: "exact", value: [model] }, ...over })

const plan = (requested: string, entries: ReadonlyArray<Entry>, draws: Record<string, number> = {}) =>
  RoutePlan.make(RouteTable.make(backends(...entries)), "chat", requested, ({ name }) => draws[name] ?? 0.5).map(shown)

describe("RoutePlan", () => {
  it("is empty when nobody serves the model", () => {
    assert.deepStrictEqual(plan("x", [serving("a", "m")]), [])
  })

  it("orders siblings by weight and draw", () => {
    const entries = [serving("a", "m"), serving("b", "m", { priority: 9 }), serving("c", "m", { priority: 0 })]
    assert.deepStrictEqual(plan("m", entries), ["b:m", "a:m", "c:m"])
    assert.deepStrictEqual(plan("m", entries, { a: 0, b: 0.99 }), ["a:m", "b:m", "c:m"])
  })

  it("tries a fallback model only after all siblings, those of weight 0 too", () => {
    const entries = [
      serving("a", "m", { priority: 5, fallback: "cheap" }),
      serving("b", "m", { priority: 0 }),
      serving("c", "cheap")
    ]
    assert.deepStrictEqual(plan("m", entries), ["a:m", "b:m", "c:cheap"])
  })

  it("falls back for vectors to the same model alone", () => {
    const entries = [
      serving("a", "m", { fallback: "spare" }),
      entry({ name: "spare", fallback: "c" }),
      serving("c", "n")
    ]
    const made = RoutePlan.make(RouteTable.make(backends(...entries)), "embeddings", "m", () => 0.5).map(shown)
    assert.deepStrictEqual(made, ["a:m", "spare:m"])
  })

  it("follows fallbacks of fallbacks, nearest first", () => {
    const entries = [
      serving("a", "m", { priority: 2, fallback: "n" }),
      serving("b", "m", { fallback: "o" }),
      serving("c", "n", { fallback: "p" }),
      serving("d", "o"),
      serving("e", "p")
    ]
    assert.deepStrictEqual(plan("m", entries), ["a:m", "b:m", "c:n", "d:o", "e:p"])
  })

  it("falls back to a backend by its name, which is asked for a model of its own", () => {
    assert.deepStrictEqual(plan("m", [serving("a", "m", { fallback: "spare" }), serving("spare", "x")]), [
      "a:m",
      "spare:x"
    ])
  })

  it("asks the same backend again for another model", () => {
    const entries = [entry({ model_match: { type: "exact", value: ["m", "n"] }, fallback: "n" })]
    assert.deepStrictEqual(plan("m", entries), ["a:m", "a:n"])
  })

  it("ends where fallbacks turn in a circle", () => {
    assert.deepStrictEqual(plan("m", [serving("a", "m", { fallback: "m" })]), ["a:m"])
    assert.deepStrictEqual(plan("m", [serving("a", "m", { fallback: "n" }), serving("b", "n", { fallback: "m" })]), [
      "a:m",
      "b:n"
    ])
  })

  it("asks each sibling for the model by its own name, and fallbacks for the caller's", () => {
    const groq = entry({
      name: "groq",
      model_match: null,
      models: { m: "m-versatile", n: "n-versatile" },
      fallback: "n"
    })
    const entries = [groq, serving("a", "m", { priority: 0 }), serving("b", "n", { priority: 0 })]
    assert.deepStrictEqual(plan("m", entries), ["groq:m-versatile", "a:m", "groq:n-versatile", "b:n"])
    assert.deepStrictEqual(plan("m-versatile", entries), [])
    assert.deepStrictEqual(plan("x", [serving("a", "x", { fallback: "groq" }), groq]), [
      "a:x",
      "groq:m-versatile",
      "groq:n-versatile"
    ])
  })

  it("asks a backend once where two names mean the same model there", () => {
    const one = entry({ model_match: null, models: { m: "big", n: "big" }, fallback: "n" })
    assert.deepStrictEqual(plan("m", [one]), ["a:big"])
  })

  it("for any fallbacks: each backend and model once, siblings first, everything reachable and nothing else", () =>
    holds(
      fc.tuple(
        anyBackends,
        fc.constantFrom("m0", "m1", "m2", "xm0x"),
        fc.infiniteStream(fc.double({ min: 0, max: 0.99, noNaN: true }))
      ),
      ([list, requested, draws]) => {
        const routes = RouteTable.make(list)
        const drawn = new Map(list.map((backend) => [backend.name, Number(draws.next().value)]))
        const targets = RoutePlan.make(routes, "chat", requested, ({ name }) => drawn.get(name) ?? 0)
        const identities = targets.map(shown)
        assert.strictEqual(new Set(identities).size, identities.length, "each once")

        const siblings = routes
          .match("chat", requested)
          .map((backend) => shown(RouteTable.targetOf(backend, requested)))
        assert.sameMembers(identities.slice(0, siblings.length), siblings, "siblings first")

        const reachedFrom = (target: RouteTable.Target) =>
          Option.match(target.backend.fallback, {
            onNone: () => [],
            onSome: (fallback) => routes.resolve("chat", fallback, RouteTable.nameOf(target)).map(shown)
          })
        targets.forEach((target, index) => {
          for (const reached of reachedFrom(target)) assert.include(identities, reached, "everything reachable")
          if (index >= siblings.length) {
            const before = targets.slice(0, index).flatMap(reachedFrom)
            assert.include(before, shown(target), "nothing else")
          }
        })
      },
      500
    ))

  it("for any fallbacks: is what the dice would make it where it is certain", () =>
    holds(
      fc.tuple(anyBackends, fc.constantFrom("m0", "m1", "m2", "xm0x"), fc.double({ min: 0, max: 0.99, noNaN: true })),
      ([list, requested, draw]) => {
        const routes = RouteTable.make(list)
        const certain = RoutePlan.certain(routes, "chat", requested)
        if (certain === undefined) return
        assert.deepStrictEqual(
          certain,
          RoutePlan.make(routes, "chat", requested, () => draw)
        )
      },
      500
    ))
})
