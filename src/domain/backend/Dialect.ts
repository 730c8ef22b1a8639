import * as Schema from "effect/Schema"
import { orDefault, Strings, stringsJson } from "../schema/ConfigSchema.js"
import type * as JsonObject from "../json/JsonObject.js"
import * as ParamPath from "./ParamPath.js"
import { oncePer } from "../text/OncePer.js"

/** Body keys that no backend's configuration may touch. */
export const reserved = ParamPath.reserved

const plainName = /^[^.[\]]*$/

const RenameParams = Schema.Record({ key: Schema.String, value: Schema.NonEmptyString }).pipe(
  Schema.filter((names) =>
    Object.entries(names).flatMap(([from, to]) =>
      [from, to].flatMap((name) => {
        if (isReserved(name)) return [{ path: [from], message: `may not rename "${name}"` }]
        return !plainName.test(name)
          ? [{ path: [from], message: `may not rename "${name}": only keys of the body itself can be renamed` }]
          : []
      })
    )
  ),
  Schema.annotations({
    jsonSchema: {
      propertyNames: { pattern: plainName.source, not: { enum: reserved } },
      additionalProperties: { type: "string", minLength: 1, pattern: plainName.source, not: { enum: reserved } }
    }
  })
)

const DropParams = Strings.pipe(
  Schema.filter((names) =>
    names.flatMap((name, index) => {
      const message = ParamPath.problem(name)
      return message === undefined ? [] : [{ path: [index], message }]
    })
  ),
  Schema.annotations({ jsonSchema: stringsJson(0) })
)

/** The keys of a backend that say where it differs from OpenAI. */
export const fields = {
  renameParams: orDefault(RenameParams, () => ({}))
    .annotations({
      description:
        "Keys of the body and the names that the backend has for them, such as `max_tokens: max_completion_tokens`. What the caller gave under the backend's name stays. Never `model`, `messages`, `prompt` or `stream`, and nothing within a key."
    })
    .pipe(Schema.fromKey("rename_params")),
  dropParams: orDefault(DropParams, () => [])
    .annotations({
      description:
        "Keys of the body that the backend refuses, such as `store`, and fields within them: `response_format.json_schema.strict`, or in each item of a list `tools[].function.strict`, `messages[].content[].cache_control`. Applied last; never `model`, `prompt`, `stream`, nor a message's `role` or `content`."
    })
    .pipe(Schema.fromKey("drop_params")),
  systemRole: orDefault(Schema.Literal("keep", "system", "developer"), () => "keep" as const)
    .annotations({
      description:
        "The role that the backend has for instructions: with `system` those of the role `developer` are sent as `system`, with `developer` the other way round."
    })
    .pipe(Schema.fromKey("system_role")),
  textParts: orDefault(Schema.Literal("keep", "join"), () => "keep" as const)
    .annotations({
      description:
        "`join` for backends that take only a string for `content`: where all parts of a message are texts, they are sent as one, a line each. Messages with other parts stay as they are."
    })
    .pipe(Schema.fromKey("text_parts")),
  toolCallIds: orDefault(Schema.Literal("keep", "alnum9", "safe"), () => "keep" as const)
    .annotations({
      description:
        "Which ids of earlier tool calls the backend takes: `alnum9` exactly nine letters or digits (Mistral), `safe` letters, digits, `_` and `-` (Anthropic). Others are replaced, the same id always by the same one."
    })
    .pipe(Schema.fromKey("tool_call_ids")),
  askUsage: orDefault(Schema.Boolean, () => true)
    .annotations({
      description:
        "`false` sends no `stream_options` at all, for backends that refuse them; streams are then counted only if the backend sends usage anyway."
    })
    .pipe(Schema.fromKey("ask_usage")),
  cumulativeContent: orDefault(Schema.Boolean, () => false)
    .annotations({
      description: "`true` for backends that repeat all they have said in each chunk: only what is new is passed on."
    })
    .pipe(Schema.fromKey("cumulative_content"))
}

/** Where the parameters of a backend differ from OpenAI's. */
export interface Dialect {
  readonly renameParams: Readonly<Record<string, string>>
  readonly dropParams: ReadonlyArray<string>
}

/** The body in the backend's dialect: renamed first, then without what it refuses. */
export const translate = (dialect: Dialect, body: JsonObject.JsonObject): JsonObject.JsonObject =>
  drop(dialect.dropParams, rename(dialect.renameParams, body))

// A value that the caller gave under the backend's own name stays.
const rename = (names: Dialect["renameParams"], body: JsonObject.JsonObject): JsonObject.JsonObject => {
  const renames = Object.entries(names).filter(([from]) => Object.hasOwn(body, from))
  if (renames.length === 0) return body
  const renamed: Record<string, unknown> = without(
    body,
    renames.map(([from]) => from)
  )
  for (const [from, to] of renames) {
    if (!Object.hasOwn(renamed, to) || renamed[to] === null) renamed[to] = body[from]
  }
  return renamed
}

const drop = (names: ReadonlyArray<string>, body: JsonObject.JsonObject): JsonObject.JsonObject => {
  const { deep, keys } = dropped(names)
  const left = keys.some((key) => Object.hasOwn(body, key)) ? without(body, keys) : body
  return deep.reduce((rest, path) => ParamPath.drop(rest, path), left)
}

// Every request to a backend has the same ones dropped: keys of the body itself, and what is deeper in it.
const dropped = oncePer((names: ReadonlyArray<string>) => ({
  keys: names.filter((name) => plainName.test(name)),
  deep: names.filter((name) => !plainName.test(name)).map(ParamPath.parse)
}))

const without = (object: JsonObject.JsonObject, keys: ReadonlyArray<string>): JsonObject.JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)))

function isReserved(name: string): boolean {
  return reserved.includes(name) || name === "__proto__"
}
