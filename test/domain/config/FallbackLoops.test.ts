import { assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import * as ServedModels from "../../../src/domain/backend/ServedModels.js"
import * as FallbackLoops from "../../../src/domain/config/FallbackLoops.js"
import * as RouteTable from "../../../src/domain/routing/RouteTable.js"
import type { Entry } from "../generators.js"
import { anyBackends, backends, entry, holds } from "../generators.js"

const serving = (name: string, model: string, fallback?: string, type: "exact" | "keyword" = "exact") =>
  entry({ name, model_match: { type, value: [model] }, ...(fallback === undefined ? {} : { fallback }) })

/** Each loop as `index: way`. */
const found = (...entries: ReadonlyArray<Entry>) =>
  FallbackLoops.find(backends(...entries)).map(({ path, message }) => {
    const [, way = ""] = /came from: (.*?);/.exec(message) ?? []
    assert.strictEqual(path.at(-1), "fallback")
    return `${String(path[1])}: ${way}`
  })

describe("FallbackLoops", () => {
  it("finds nothing where every way ends", () => {
    assert.deepStrictEqual(found(serving("a", "m", "n"), serving("b", "n", "o"), serving("c", "o")), [])
    assert.deepStrictEqual(found(serving("a", "m", "o"), serving("b", "n", "o"), serving("c", "o")), [])
  })

  it("finds a fallback to the model itself", () => {
    assert.deepStrictEqual(found(serving("a", "m", "m")), ["0: m → m"])
  })

  it("leaves a family of models that falls back to one of its own", () => {
    assert.deepStrictEqual(found(serving("a", "gpt-", "gpt-4o-mini", "keyword")), [])
    assert.deepStrictEqual(found(entry({ model_match: { type: "exact", value: ["m", "n"] }, fallback: "n" })), [])
  })

  it("finds a circle once, where it closes, whoever falls back into it", () => {
    assert.deepStrictEqual(found(serving("a", "m", "n"), serving("a2", "m", "n"), serving("b", "n", "m")), [
      "2: m → n → m"
    ])
    assert.deepStrictEqual(found(serving("x", "x", "m"), serving("a", "m", "n"), serving("b", "n", "m")), [
      "2: m → n → m"
    ])
  })

  it("finds a circle that keywords and names of backends close", () => {
    assert.deepStrictEqual(found(serving("a", "gpt-", "llama", "keyword"), serving("b", "llama", "gpt-4o")), [
      "0: llama → gpt-4o → llama"
    ])
    assert.deepStrictEqual(found(serving("a", "m", "spare"), serving("spare", "n", "m")), ["1: m → spare → m"])
  })

  it("for any fallbacks: it ends, and is silent where no chain returns", () =>
    holds(anyBackends, (list) => {
      const routes = RouteTable.make(list)
      const identityOf = (siblings: ReadonlyArray<RouteTable.Target>) =>
        siblings.map((target) => `${target.backend.name}:${target.model}`).join()
      const returns = (siblings: ReadonlyArray<RouteTable.Target>, trail: ReadonlyArray<string>): boolean => {
        const identity = identityOf(siblings)
        return siblings.some((target) => {
          const { backend } = target
          if (Option.isNone(backend.fallback)) return false
          const name = backend.fallback.value
          const next = routes.resolve("chat", name, RouteTable.nameOf(target))
          if (identityOf(next) !== identity)
            return trail.includes(identityOf(next)) || returns(next, [...trail, identity])
          return ServedModels.isListed(backend) && ServedModels.namesOf(backend).every((each) => each === name)
        })
      }
      const models = list.flatMap(ServedModels.samplesOf)
      const any = models.some((model) => {
        const siblings = routes.match("chat", model).map((backend) => RouteTable.targetOf(backend, model))
        return returns(siblings, [])
      })
      assert.strictEqual(FallbackLoops.find(list).length > 0, any)
    }))
})
