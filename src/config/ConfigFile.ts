import * as FileSystem from "@effect/platform/FileSystem"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Yaml from "yaml"
import { ConfigInvalid, ConfigMalformed, ConfigUnreadable } from "../domain/Failure.js"
import * as GatewayConfig from "../domain/GatewayConfig.js"
import type { ConfigIssue } from "../domain/ConfigIssue.js"
import * as JsonObject from "../domain/JsonObject.js"

/** Reads, interpolates and decodes a configuration file; every problem comes with its line and column. */
export const load = Effect.fnUntraced(function* (path: string) {
  const files = yield* FileSystem.FileSystem
  const text = yield* Effect.mapError(files.readFileString(path), (cause) => new ConfigUnreadable({ path, cause }))
  return yield* parse(path, text)
})

/** Decodes the text of a configuration file; `path` names it in the failures. */
export const parse = Effect.fnUntraced(function* (path: string, text: string) {
  const lines = new Yaml.LineCounter()
  const document = Yaml.parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false })
  const [error] = document.errors
  if (error !== undefined) {
    const { col: column, line } = lines.linePos(error.pos[0])
    return yield* new ConfigMalformed({ path, line, column, reason: error.message })
  }
  const unset: Array<ConfigIssue> = []
  const plain = yield* interpolate(document.toJS(), [], unset)
  const decoded = GatewayConfig.decode(plain)
  const issues = [...unset, ...Option.getOrElse(Either.getLeft(decoded), () => [])]
  if (Either.isLeft(decoded) || issues.length > 0) {
    const placed = issues.map((issue) => place(issue, document, lines))
    return yield* new ConfigInvalid({ path, issues: placed.sort((a, b) => a.line - b.line || a.column - b.column) })
  }
  return decoded.right
})

const variable = /\$(\$?)\{([A-Za-z_]\w*)(?::-([^}]*))?\}/g

// `${VAR}` and `${VAR:-default}` in every string; `$${VAR}` stays as it is, without the first `$`.
const interpolate = (
  value: unknown,
  path: ReadonlyArray<PropertyKey>,
  unset: Array<ConfigIssue>
): Effect.Effect<unknown> => {
  if (typeof value === "string")
    return value.includes("${") ? interpolateText(value, path, unset) : Effect.succeed(value)
  if (Array.isArray(value)) {
    return Effect.forEach(value, (item: unknown, index) => interpolate(item, [...path, index], unset))
  }
  if (!JsonObject.is(value)) return Effect.succeed(value)
  const entries = Effect.forEach(Object.entries(value), ([key, item]) =>
    Effect.map(interpolate(item, [...path, key], unset), (done): [string, unknown] => [key, done])
  )
  return Effect.map(entries, (done) => Object.fromEntries(done))
}

const interpolateText = Effect.fnUntraced(function* (
  text: string,
  path: ReadonlyArray<PropertyKey>,
  unset: Array<ConfigIssue>
) {
  let result = ""
  let position = 0
  for (const match of text.matchAll(variable)) {
    const [whole, escaped, name = "", fallback] = match
    result += text.slice(position, match.index)
    position = match.index + whole.length
    if (escaped === "$") {
      result += whole.slice(1)
      continue
    }
    const value = yield* Effect.option(Config.string(name))
    const set = Option.filter(value, (it) => it !== "" || fallback === undefined)
    if (Option.isNone(set) && fallback === undefined) {
      const message = `the environment variable ${name} is not set (write \${${name}:-} if it may be empty)`
      unset.push({ path, message })
    }
    result += Option.getOrElse(set, () => fallback ?? "")
  }
  return result + text.slice(position)
})

// The place of the key, or of the nearest part of its path that exists.
const place = (issue: ConfigIssue, document: Yaml.Document, lines: Yaml.LineCounter) => {
  let node: unknown = document.contents
  let offset = 0
  for (const key of issue.path) {
    if (Yaml.isAlias(node)) node = node.resolve(document)
    if (Yaml.isMap(node)) {
      const pair = node.items.find((item) => Yaml.isScalar(item.key) && String(item.key.value) === String(key))
      if (pair === undefined) break
      offset = startOf(pair.key) ?? offset
      node = pair.value
    } else if (Yaml.isSeq(node)) {
      node = node.items[Number(key)]
      offset = startOf(node) ?? offset
    } else break
  }
  const { col: column, line } = lines.linePos(offset)
  return { ...issue, line, column }
}

const startOf = (node: unknown): number | undefined => (Yaml.isNode(node) ? node.range?.[0] : undefined)
