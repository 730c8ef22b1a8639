import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as LightScope from "../../src/flow/LightScope.js"

/** A scope, and the order in which things were done at its end. */
const watched = () => {
  const done: Array<string> = []
  return { scope: LightScope.make(), done, at: (name: string) => void done.push(name) }
}

describe("LightScope", () => {
  it.effect("does what was given last first, waits where that has to be waited for, and does nothing twice", () =>
    Effect.gen(function* () {
      const { at, done, scope } = watched()
      scope.addFinalizer(() => at("first"))
      scope.addFinalizer(() =>
        Effect.zipRight(
          Effect.yieldNow(),
          Effect.sync(() => at("second"))
        )
      )
      scope.addFinalizer(() => at("third"))
      const rest = scope.close(Exit.void)
      assert.deepStrictEqual(done, ["third"])
      yield* rest ?? Effect.void
      assert.deepStrictEqual(done, ["third", "second", "first"])
      assert.isUndefined(scope.close(Exit.void))
      assert.lengthOf(done, 3)
    })
  )

  it.effect("goes on where something fails to end, by whatever way", () =>
    Effect.gen(function* () {
      const { at, done, scope } = watched()
      scope.addFinalizer(() => at("first"))
      scope.addFinalizer(() => Effect.die("a defect"))
      scope.addFinalizer(() => {
        throw new Error("a defect")
      })
      scope.addFinalizer(() => at("last"))
      yield* scope.close(Exit.void) ?? Effect.void
      assert.deepStrictEqual(done, ["last", "first"])
    })
  )

  it.effect("tells how it ends, also to a Scope that is closed with it", () =>
    Effect.gen(function* () {
      const { done, scope } = watched()
      const say = (exit: Exit.Exit<unknown, unknown>) => void done.push(exit._tag)
      scope.addFinalizer(say)
      yield* Scope.addFinalizerExit(yield* scope.scope, (exit) => Effect.sync(() => say(exit)))
      yield* scope.close(Exit.fail("over")) ?? Effect.void
      assert.deepStrictEqual(done, ["Failure", "Failure"])
    })
  )

  it.effect("ends all of it even where whoever closes it is interrupted", () =>
    Effect.gen(function* () {
      const { at, done, scope } = watched()
      const begun = yield* Deferred.make<void>()
      const goesOn = yield* Deferred.make<void>()
      scope.addFinalizer(() => at("first"))
      scope.addFinalizer(() => Effect.zipRight(Deferred.succeed(begun, undefined), Deferred.await(goesOn)))
      const closing = yield* Effect.fork(Effect.suspend(() => scope.close(Exit.void) ?? Effect.void))
      yield* Deferred.await(begun)
      const interrupting = yield* Effect.fork(Fiber.interrupt(closing))
      yield* Deferred.succeed(goesOn, undefined)
      yield* Fiber.join(interrupting)
      assert.deepStrictEqual(done, ["first"])
    })
  )

  it.effect("does at once what it is given after its end", () =>
    Effect.gen(function* () {
      const { done, scope } = watched()
      yield* scope.close(Exit.fail("over")) ?? Effect.void
      scope.addFinalizer((exit) => void done.push(exit._tag))
      yield* Scope.addFinalizerExit(yield* scope.scope, (exit) => Effect.sync(() => void done.push(exit._tag)))
      assert.deepStrictEqual(done, ["Failure", "Failure"])
    })
  )

  it.effect("closes with the scope around it", () =>
    Effect.gen(function* () {
      const { at, done } = watched()
      yield* Effect.scoped(Effect.map(LightScope.scoped, (scope) => scope.addFinalizer((exit) => at(exit._tag))))
      assert.deepStrictEqual(done, ["Success"])
    })
  )
})
