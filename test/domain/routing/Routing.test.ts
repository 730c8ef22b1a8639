import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Either from "effect/Either"
import * as RoutePlan from "../../../src/domain/routing/RoutePlan.js"
import * as RouteTable from "../../../src/domain/routing/RouteTable.js"
import * as Routing from "../../../src/domain/routing/Routing.js"
import { anyBackends, backends, entry, holds } from "../generators.js"

const serving = (name: string, model: string, priority = 1, protocols?: ReadonlyArray<"openai-chat" | "openai-text">) =>
  entry({ name, priority, model_match: { type: "exact", value: [model] }, protocols })

const config = {
  backends: backends(
    serving("a", "m"),
    serving("b", "m", 3),
    serving("c", "m", 1, ["openai-text"]),
    serving("d", "n", 1, ["openai-chat"])
  )
}

const names = (plan: Either.Either<ReadonlyArray<Routing.Candidate>, unknown>) =>
  Either.map(plan, (candidates) => candidates.map(({ backend }) => backend.name))

describe("Routing.plan", () => {
  it("draws by name, and keeps the order where nothing is drawn", () => {
    assert.deepStrictEqual(names(Routing.plan(config, "m")), Either.right(["b", "a"]))
    const draw = (name: string) => (name === "a" ? 0 : 0.9)
    assert.deepStrictEqual(names(Routing.plan(config, "m", draw)), Either.right(["a", "b"]))
  })

  it("heeds what is asked of the model", () => {
    assert.deepStrictEqual(names(Routing.plan(config, "m", () => 0.5, "text")), Either.right(["b", "a", "c"]))
  })

  it("fails where nobody serves the model, or not what is asked of it", () => {
    for (const plan of [Routing.plan(config, "x"), Routing.plan(config, "n", () => 0, "text")]) {
      assert.strictEqual(Either.isLeft(plan) && plan.left._tag, "ModelNotFound")
    }
  })

  it("is what the plan is where one serves the model, for any others", () =>
    holds(fc.tuple(anyBackends, fc.constantFrom("m0", "m1", "xm2")), ([list, model]) => {
      const plan = Routing.plan({ backends: list }, model)
      const routes = RouteTable.make(list)
      assert.strictEqual(Either.isRight(plan), routes.match("chat", model).length > 0)
      const certain = RoutePlan.certain(routes, "chat", model)
      if (certain !== undefined) assert.deepStrictEqual(plan, Either.right(certain))
    }))
})
