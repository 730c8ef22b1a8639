import { assert, it } from "@effect/vitest"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Ending from "../../src/cli/Ending.js"

const saidOf = (command: Effect.Effect<void, Error | Ending.NotWell>) =>
  Effect.gen(function* () {
    const said: Array<unknown> = []
    const console = yield* Console.consoleWith(Effect.succeed)
    const listening = { ...console, error: (line: unknown) => Effect.sync(() => said.push(line)) }
    yield* Effect.ignore(Effect.sandbox(Console.withConsole(Ending.told(command), listening)))
    return said.join("\n")
  })

it.effect("what ends a command is told, whatever it is", () =>
  Effect.gen(function* () {
    assert.strictEqual(yield* saidOf(Effect.fail(new Error("no such port"))), "no such port")
    assert.include(yield* saidOf(Effect.die(new TypeError("not a function"))), "TypeError: not a function")
    assert.strictEqual(yield* saidOf(new Ending.NotWell()), "")
    assert.strictEqual(yield* saidOf(Effect.interrupt), "")
  })
)
