import * as JsonList from "../json/JsonList.js"
import * as JsonObject from "../json/JsonObject.js"

/** A path to a field of a body: `store`, `tools[].function.strict`. */
export type ParamPath = ReadonlyArray<Step>

interface Step {
  readonly name: string
  /** Of how many lists, one within the other, the next step is to be taken in each item. */
  readonly lists: number
}

/** Body keys that are the caller's or the gateway's own, so that no backend's configuration may touch them. */
export const reserved: ReadonlyArray<string> = ["model", "messages", "prompt", "stream"]

/** The path that a text writes; it must be one that {@link problem} has nothing to say of. */
export const parse = (text: string): ParamPath =>
  text.split(".").map((step) => {
    const name = step.replace(/(\[\])+$/, "")
    return { name, lists: (step.length - name.length) / 2 }
  })

/** Why nothing can be dropped by such a path, if so. */
export const problem = (text: string): string | undefined => {
  const path = parse(text)
  if (!path.every(isWellFormed)) return `"${text}" is no path such as "store" or "tools[].function.strict"`
  if (path.some(({ name }) => name === "__proto__")) return 'may not drop "__proto__"'
  const misread = misreadAt(path)
  if (misread !== undefined) return `"${text}" leads nowhere: ${misread}`
  const [first, ...rest] = path
  const isTaken = first?.name === "messages" ? isEssential(rest) : reserved.includes(first?.name ?? "")
  if (isTaken) return `may not drop "${text}"`
  return path.at(-1)?.lists === 0 ? undefined : `may not drop "${text}", only all of a list or a field of its items`
}

// Names with brackets in them are indexes or slips of the hand.
const isWellFormed = ({ name }: Step): boolean => name !== "" && !/[[\]]/.test(name) && name === name.trim()

/** What stands where in a request, as far as a path may be mistaken in it. */
const kinds: ReadonlyMap<string, "list" | "object" | "value"> = new Map([
  ...["messages", "messages[].content", "messages[].tool_calls", "tools", "functions"].map(
    (path) => [path, "list"] as const
  ),
  ...[
    ...["response_format", "response_format.json_schema", "stream_options", "metadata", "logit_bias", "prediction"],
    ...["web_search_options", "tools[].function", "tools[].custom", "messages[].function_call"]
  ].map((path) => [path, "object"] as const),
  ...[
    ...["frequency_penalty", "presence_penalty", "logprobs", "top_logprobs", "max_tokens", "max_completion_tokens"],
    ...["n", "parallel_tool_calls", "prompt_cache_key", "reasoning_effort", "seed", "service_tier", "store"],
    ...["temperature", "top_p", "user", "verbosity"]
  ].map((path) => [path, "value"] as const)
])

/** So many steps does the longest of them have. */
const mostKnown = 2

const misreadAt = (path: ParamPath): string | undefined => {
  for (const [at, { lists, name }] of path.slice(0, mostKnown).entries()) {
    const rest = path.slice(at + 1)
    const here = written([...path.slice(0, at), { name, lists: 0 }])
    const kind = kinds.get(here)
    if (kind === "value" && (lists > 0 || rest.length > 0)) return `"${here}" has no fields`
    if (rest.length === 0) continue
    if (kind === "list" && lists !== 1) return `"${here}" is a list, so write "${here}[].${written(rest)}"`
    if (kind === "object" && lists > 0) return `"${here}" is no list, so write "${here}.${written(rest)}"`
  }
  return undefined
}

const written = (path: ParamPath): string => path.map(({ lists, name }) => name + "[]".repeat(lists)).join(".")

// What makes a message one, and a part of it.
const isEssential = ([field, inner]: ParamPath): boolean =>
  field === undefined ||
  field.name === "role" ||
  (field.name === "content" && (inner === undefined || inner.name === "type" || inner.name === "text"))

/** The object without what stands at the end of the path; the very same where nothing does. */
export const drop = (object: JsonObject.JsonObject, path: ParamPath, at = 0): JsonObject.JsonObject => {
  const step = path[at]
  if (step === undefined || !Object.hasOwn(object, step.name)) return object
  const { lists, name } = step
  if (at === path.length - 1) return Object.fromEntries(Object.entries(object).filter(([key]) => key !== name))
  const inner = object[name]
  const left = inEach(inner, lists, (each) => (JsonObject.is(each) ? drop(each, path, at + 1) : each))
  return left === inner ? object : { ...object, [name]: left }
}

const inEach = (value: unknown, lists: number, change: (each: unknown) => unknown): unknown => {
  if (lists === 0) return change(value)
  return Array.isArray(value) ? JsonList.map(value, (each) => inEach(each, lists - 1, change)) : value
}
