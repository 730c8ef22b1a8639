import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { fileURLToPath } from "node:url"
import { reasonOf } from "../domain/failure/Failure.js"
import * as Printable from "../domain/text/Printable.js"
import * as CommonOptions from "./CommonOptions.js"
import * as Ending from "./Ending.js"
import * as Stdout from "./Stdout.js"

/** The configuration was not written; what was there before is untouched. */
class NotWritten extends Data.TaggedError("NotWritten")<{ readonly path: string; readonly cause: unknown }> {
  override get message() {
    return exists(this.cause)
      ? `${this.path}: exists already and was left as it is`
      : `${this.path}: cannot be written: ${reasonOf(this.cause)}`
  }
}

const options = {
  path: CommonOptions.path("path", "Where to write it; config.yaml by default").pipe(Args.withDefault("config.yaml")),
  json: CommonOptions.json
}

const init = ({ json, path }: { readonly path: string; readonly json: boolean }) =>
  Effect.gen(function* () {
    const paths = yield* Path.Path
    const schema = paths.join(paths.dirname(path), "config.schema.json")
    yield* copy("config.yaml", path)
    // One that is there already is most likely of this very program.
    const written = yield* copy("config.schema.json", schema).pipe(
      Effect.as([path, schema]),
      Effect.catchIf(
        ({ cause }) => exists(cause),
        () => Effect.succeed([path])
      )
    )
    const next = path === "config.yaml" ? "" : ` --config ${path}`
    const told = [`Wrote ${written.join(" and ")}.`, `Next: causeway serve${next}`].map(Printable.line).join("\n")
    yield* Stdout.print(json ? Printable.json({ written }, 2) : told)
  }).pipe(Ending.told)

/** `causeway init`: writes a commented configuration to start from, and its JSON Schema for editors. */
export const command = Command.make("init", options, init).pipe(
  Command.withDescription("Write a commented configuration to start from")
)

// The shipped files, which stand in the root of the package.
const copy = Effect.fnUntraced(
  function* (name: string, path: string) {
    const files = yield* FileSystem.FileSystem
    const text = yield* files.readFileString(fileURLToPath(new URL(`../../${name}`, import.meta.url)))
    yield* files.writeFileString(path, text, { flag: "wx" })
  },
  (effect, _, path) => Effect.mapError(effect, (cause) => new NotWritten({ path, cause }))
)

const exists = (cause: unknown): boolean =>
  cause instanceof Error && "reason" in cause && cause.reason === "AlreadyExists"
