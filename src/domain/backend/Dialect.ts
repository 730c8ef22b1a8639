import * as Schema from "effect/Schema"
import { orDefault, Strings, stringsJson } from "../schema/ConfigSchema.js"
import * as JsonObject from "../json/JsonObject.js"

/** Body keys that are the caller's or the gateway's own, so that no backend's configuration may touch them. */
export const reserved: ReadonlyArray<string> = ["model", "messages", "prompt", "stream"]

const inMessages = "messages[]."

const RenameParams = Schema.Record({ key: Schema.String, value: Schema.NonEmptyString }).pipe(
  Schema.filter((names) =>
    Object.entries(names).flatMap(([from, to]) =>
      [from, to].filter(isReserved).map((name) => ({ path: [from], message: `may not rename "${name}"` }))
    )
  ),
  Schema.annotations({
    jsonSchema: {
      propertyNames: { not: { enum: reserved } },
      additionalProperties: { type: "string", minLength: 1, not: { enum: reserved } }
    }
  })
)

const DropParams = Strings.pipe(
  Schema.filter((names) =>
    names.flatMap((name, index) =>
      isReserved(name) || essential.includes(name) ? [{ path: [index], message: `may not drop "${name}"` }] : []
    )
  ),
  Schema.annotations({ jsonSchema: stringsJson(0) })
)

/** The keys of a backend that say where it differs from OpenAI. */
export const fields = {
  renameParams: orDefault(RenameParams, () => ({}))
    .annotations({
      description:
        "Keys of the body and the names that the backend has for them, such as `max_tokens: max_completion_tokens`. What the caller gave under the backend's name stays. Never `model`, `messages`, `prompt` or `stream`."
    })
    .pipe(Schema.fromKey("rename_params")),
  dropParams: orDefault(DropParams, () => [])
    .annotations({
      description:
        "Keys of the body that the backend refuses, such as `store`; `messages[].reasoning_content` is a field of each message. Applied last, never to `model`, `messages`, `prompt` or `stream`."
    })
    .pipe(Schema.fromKey("drop_params")),
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
  for (const [from, to] of renames) renamed[to] ??= body[from]
  return renamed
}

const drop = (names: ReadonlyArray<string>, body: JsonObject.JsonObject): JsonObject.JsonObject => {
  if (names.length === 0) return body
  const kept = without(body, names)
  const { messages } = kept
  const fields = names.filter((name) => name.startsWith(inMessages)).map((name) => name.slice(inMessages.length))
  if (fields.length === 0 || !Array.isArray(messages)) return kept
  return {
    ...kept,
    messages: messages.map((message: unknown) => (JsonObject.is(message) ? without(message, fields) : message))
  }
}

const without = (object: JsonObject.JsonObject, keys: ReadonlyArray<string>): JsonObject.JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)))

const essential = [inMessages, `${inMessages}role`, `${inMessages}content`]

function isReserved(name: string): boolean {
  return reserved.includes(name) || name === "__proto__"
}
