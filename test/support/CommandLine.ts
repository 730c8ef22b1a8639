import type * as Command from "@effect/cli/Command"
import * as CommandRunner from "@effect/cli/Command"
import * as CliConfig from "@effect/cli/CliConfig"
import type * as CliApp from "@effect/cli/CliApp"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"

/** What a command printed and whether it ended well. */
export interface Ran {
  readonly out: string
  readonly err: string
  readonly ok: boolean
}

/** Runs a command as `causeway <name> <args>` does, in this process, with this environment alone. */
export const run = <Name extends string, E, A>(
  command: Command.Command<Name, CliApp.CliApp.Environment, E, A>,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
): Effect.Effect<Ran> =>
  Effect.gen(function* () {
    const printed = { out: "", err: "" }
    const console = yield* Console.consoleWith(Effect.succeed)
    const print = (to: "out" | "err") => (text: unknown) =>
      Effect.sync(() => {
        printed[to] += `${String(text)}\n`
      })
    const exit = yield* CommandRunner.run(command, { name: "Causeway", version: "0.0.0" })([
      "node",
      "causeway",
      ...args
    ]).pipe(
      Effect.withConsole({ ...console, log: print("out"), error: print("err") }),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(env)))),
      Effect.provide(Layer.merge(NodeContext.layer, CliConfig.layer({ showBuiltIns: false }))),
      Effect.exit,
      heard((text) => (printed.out += text))
    )
    return { ...printed, ok: Exit.isSuccess(exit) }
  })

// What long outputs are written to directly.
const heard =
  (hear: (text: string) => void) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        const own = Object.getOwnPropertyDescriptor(process.stdout, "write")
        const write = (text: string, written: () => void) => {
          hear(text)
          written()
          return true
        }
        Object.defineProperty(process.stdout, "write", { configurable: true, writable: true, value: write })
        return own
      }),
      () => effect,
      (own) =>
        Effect.sync(() => {
          Reflect.deleteProperty(process.stdout, "write")
          if (own !== undefined) Object.defineProperty(process.stdout, "write", own)
        })
    )
