import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Yaml from "yaml"
import type { ConfigIssue } from "../domain/schema/ConfigIssue.js"

/** What the environment did not say. */
export interface Missing {
  /** Variables without a value and without a default. */
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
  const unset: Array<ConfigIssue> = []
  const defaulted: Array<ConfigIssue> = []
  for (const { path, scalar, text } of textsOf(document)) {
    if (!text.includes("${")) continue
    scalar.value = yield* replace(text, (name, fallback) => {
      const message =
        fallback === undefined
          ? `the environment variable ${name} is not set (write \${${name}:-} if it may be empty)`
          : `the environment variable ${name} is not set, so its default is taken`
      ;(fallback === undefined ? unset : defaulted).push({ path, message })
    })
  }
  return { unset, defaulted }
})

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
  onMissing: (name: string, fallback: string | undefined) => void
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
    const set = Option.filter(value, (it) => it !== "" || fallback === undefined)
    if (Option.isNone(set)) onMissing(name, fallback)
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
