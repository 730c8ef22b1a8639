import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Yaml from "yaml"
import type * as JsonObject from "../domain/json/JsonObject.js"
import type { ConfigIssue } from "../domain/schema/ConfigIssue.js"

/** What the environment did not say. */
export interface Missing {
  /** Variables without a value, or with an empty one, and without a default. */
  readonly unset: ReadonlyArray<ConfigIssue>
  /** Variables whose default was taken. */
  readonly defaulted: ReadonlyArray<ConfigIssue>
}

/** One string of a document, where it stands. */
export interface Text {
  readonly scalar: Yaml.Scalar
  readonly text: string
  readonly path: ConfigIssue["path"]
}

/** Every string of a document but the keys; what an alias repeats stands only once. */
export const textsOf = (document: Yaml.Document): ReadonlyArray<Text> => {
  const texts: Array<Text> = []
  Yaml.visit(document, {
    Scalar: (key, scalar, ancestors) => {
      if (key === "key" || typeof scalar.value !== "string") return
      texts.push({ scalar, text: scalar.value, path: pathOf([...ancestors, scalar]) })
    }
  })
  return texts
}

/** Replaces `${VAR}` and `${VAR:-default}` in every string of a document; `$${VAR}` only loses its first `$`. */
export const run: (document: Yaml.Document) => Effect.Effect<Missing> = Effect.fnUntraced(function* (
  document: Yaml.Document
) {
  const missing: Noted = { unset: [], defaulted: [] }
  for (const { path, scalar, text } of textsOf(document)) {
    if (text.includes("${")) scalar.value = yield* filled(text, path, missing)
  }
  return missing
})

/** Plain values whose variables are replaced, and what the environment did not say. */
export interface Filled extends Missing {
  readonly value: unknown
}

/**
 * Does the same in plain values, in every string of their lists and objects but the keys. What is not changed is the very
 * same as before; what is of a class, such as a `Redacted`, stays as it is, and so does what holds itself.
 */
export const plain: (value: unknown) => Effect.Effect<Filled> = Effect.fnUntraced(function* (value: unknown) {
  const missing: Noted = { unset: [], defaulted: [] }
  return { ...missing, value: yield* fill(value, [], missing, new Map()) }
})

interface Noted extends Missing {
  readonly unset: Array<ConfigIssue>
  readonly defaulted: Array<ConfigIssue>
}

const fill = (
  value: unknown,
  path: ConfigIssue["path"],
  missing: Noted,
  known: Map<object, unknown>
): Effect.Effect<unknown> => {
  if (typeof value === "string") return value.includes("${") ? filled(value, path, missing) : Effect.succeed(value)
  if (!isPlain(value)) return Effect.succeed(value)
  if (known.has(value)) return Effect.succeed(known.get(value))
  known.set(value, value)
  return Effect.suspend(() =>
    Effect.map(fillEach(value, path, missing, known), (result) => {
      known.set(value, result)
      return result
    })
  )
}

const fillEach = Effect.fnUntraced(function* (
  value: Plain,
  path: ConfigIssue["path"],
  missing: Noted,
  known: Map<object, unknown>
) {
  const isList = Array.isArray(value)
  const entries: Array<readonly [string, unknown]> = []
  let isChanged = false
  for (const [key, each] of Object.entries(value)) {
    const result = yield* fill(each, [...path, isList ? Number(key) : key], missing, known)
    if (result !== each) isChanged = true
    entries.push([key, result])
  }
  if (!isChanged) return value
  return isList ? entries.map(([, each]) => each) : Object.fromEntries(entries)
})

type Plain = JsonObject.JsonObject | ReadonlyArray<unknown>

const isPlain = (value: unknown): value is Plain => {
  if (typeof value !== "object" || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return Array.isArray(value) || prototype === Object.prototype || prototype === null
}

const filled = (text: string, path: ConfigIssue["path"], { defaulted, unset }: Noted): Effect.Effect<string> =>
  replace(
    text,
    (name, fallback, isEmpty) => {
      const how = isEmpty ? "is empty" : "is not set"
      const message =
        fallback === undefined
          ? `the environment variable ${name} ${how} (write \${${name}:-} if it may be empty)`
          : `the environment variable ${name} ${how}, so its default is taken`
      ;(fallback === undefined ? unset : defaulted).push({ path, message })
    },
    isKey(path) ? (value) => value.trim() === "" : (value) => value === ""
  )

// Of a key no white space is left, and another's would be sent in its place.
const isKey = (path: ConfigIssue["path"]): boolean => path.at(-1) === "api_key" || path.at(-1) === "operator_key"

/** What of a text stands in the file itself: the text with the defaults of its variables in their places. */
export const literal = (text: string): string =>
  searched(text).replaceAll(variable, (whole: string, escaped: string, _name: string, fallback: string | undefined) =>
    escaped === "$" ? whole.slice(1) : (fallback ?? "")
  ) + text.slice(searched(text).length)

// A variable ends with a brace, so what comes after the last one holds none: it would be looked through from each `${`.
const searched = (text: string): string => text.slice(0, text.lastIndexOf("}") + 1)

const variable = /\$(\$?)\{([A-Za-z_]\w*)(?::-([^}]*))?\}/g

const replace = Effect.fnUntraced(function* (
  text: string,
  onMissing: (name: string, fallback: string | undefined, isEmpty: boolean) => void,
  isNone: (value: string) => boolean
) {
  let result = ""
  let position = 0
  for (const match of searched(text).matchAll(variable)) {
    const [whole, escaped, name = "", fallback] = match
    result += text.slice(position, match.index)
    position = match.index + whole.length
    if (escaped === "$") {
      result += whole.slice(1)
      continue
    }
    const value = yield* Effect.option(Config.string(name))
    const set = Option.filter(value, (it) => !isNone(it))
    if (Option.isNone(set)) onMissing(name, fallback, Option.isSome(value))
    result += Option.getOrElse(set, () => fallback ?? "")
  }
  return result + text.slice(position)
})

/** The path of a node, which is the last of these; before it stand its ancestors. */
export const pathOf = (nodes: ReadonlyArray<unknown>): ConfigIssue["path"] =>
  nodes.flatMap((node, depth): ReadonlyArray<PropertyKey> => {
    if (Yaml.isPair(node)) return [Yaml.isScalar(node.key) ? String(node.key.value) : ""]
    const parent = nodes[depth - 1]
    return Yaml.isSeq(parent) ? [parent.items.indexOf(node)] : []
  })
