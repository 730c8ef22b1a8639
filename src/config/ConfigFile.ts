import * as FileSystem from "@effect/platform/FileSystem"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Yaml from "yaml"
import { ConfigInvalid, ConfigMalformed, ConfigUnreadable, reasonOf } from "../domain/Failure.js"
import * as GatewayConfig from "../domain/GatewayConfig.js"
import type { ConfigIssue } from "../domain/ConfigIssue.js"

/** Reads, interpolates and decodes a configuration file; every problem comes with its line and column. */
export const load = Effect.fnUntraced(function* (path: string) {
  const files = yield* FileSystem.FileSystem
  const text = yield* Effect.mapError(files.readFileString(path), (cause) => new ConfigUnreadable({ path, cause }))
  return yield* parse(path, text)
})

/** Decodes the text of a configuration file; `path` names it in the failures. */
export const parse = Effect.fnUntraced(function* (path: string, text: string) {
  const lines = new Yaml.LineCounter()
  const malformed = (offset: number, reason: string) => {
    const { col: column, line } = lines.linePos(offset)
    return new ConfigMalformed({ path, line, column, reason })
  }
  const document = Yaml.parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false })
  const [error] = document.errors
  if (error !== undefined) return yield* malformed(error.pos[0], error.message)
  const unset = yield* interpolate(document)
  const plain = yield* Effect.try({
    try: (): unknown => document.toJS(),
    catch: (cause) => malformed(danglingAlias(document), reasonOf(cause))
  })
  const decoded = GatewayConfig.decode(plain)
  const issues = [...unset, ...Option.getOrElse(Either.getLeft(decoded), () => [])]
  if (Either.isLeft(decoded) || issues.length > 0) {
    const placed = issues.map((issue) => place(issue, document, lines))
    return yield* new ConfigInvalid({ path, issues: placed.sort((a, b) => a.line - b.line || a.column - b.column) })
  }
  return decoded.right
})

// Where an alias stands that no anchor precedes; the start of the file when there is none.
const danglingAlias = (document: Yaml.Document): number => {
  let offset: number | undefined
  Yaml.visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) === undefined) offset ??= startOf(alias)
    }
  })
  return offset ?? 0
}

const variable = /\$(\$?)\{([A-Za-z_]\w*)(?::-([^}]*))?\}/g

// `${VAR}` and `${VAR:-default}` in every string; `$${VAR}` stays as it is, without the first `$`. Works on the
// document, where what an alias repeats stands only once.
const interpolate = Effect.fnUntraced(function* (document: Yaml.Document) {
  const unset: Array<ConfigIssue> = []
  const found: Array<{ readonly scalar: Yaml.Scalar; readonly text: string; readonly path: ConfigIssue["path"] }> = []
  Yaml.visit(document, {
    Scalar: (key, scalar, ancestors) => {
      if (key === "key" || typeof scalar.value !== "string" || !scalar.value.includes("${")) return
      found.push({ scalar, text: scalar.value, path: pathOf([...ancestors, scalar]) })
    }
  })
  for (const { path, scalar, text } of found) scalar.value = yield* interpolateText(text, path, unset)
  return unset
})

const pathOf = (nodes: ReadonlyArray<unknown>): ConfigIssue["path"] =>
  nodes.flatMap((node, depth): ReadonlyArray<PropertyKey> => {
    if (Yaml.isPair(node)) return [Yaml.isScalar(node.key) ? String(node.key.value) : ""]
    const parent = nodes[depth - 1]
    return Yaml.isSeq(parent) ? [parent.items.indexOf(node)] : []
  })

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
