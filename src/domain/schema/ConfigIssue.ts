import * as AST from "effect/SchemaAST"
import type * as ParseResult from "effect/ParseResult"
import leven from "leven"
import { cut } from "../text/CutText.js"

/**
 * One thing wrong with a configuration: where (a path of keys and indexes) and what, in words for the operator.
 *
 * @category models
 * @since 0.1.0
 */
export interface ConfigIssue {
  readonly path: ReadonlyArray<PropertyKey>
  readonly message: string
}

/** The path as an operator writes it: `openai_clients[0].base_url`. */
export const formatPath = (path: ReadonlyArray<PropertyKey>): string =>
  path
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("")
    .replace(/^\./, "")

/** ` (did you mean "…"?)` when a candidate is close enough to be a slip of the hand, else nothing. */
export const didYouMean = (word: string, candidates: Iterable<string>): string => {
  let best: string | undefined
  let distance = Math.max(1, Math.ceil(word.length / 3)) + 1
  for (const candidate of candidates) {
    const d = leven(word.toLowerCase(), candidate.toLowerCase())
    if (d < distance) {
      best = candidate
      distance = d
    }
  }
  return best === undefined ? "" : ` (did you mean "${best}"?)`
}

/**
 * Every leaf of a Schema failure as one issue, with suggestions for unknown keys and without the values of secrets, those
 * of the whole configuration, which an alias may have put anywhere.
 */
export const fromParseIssue = (issue: ParseResult.ParseIssue, plain: unknown): ReadonlyArray<ConfigIssue> =>
  leaves({ issue, path: [], known: [], secrets: secretsIn(plain) })

interface Node {
  readonly issue: ParseResult.ParseIssue
  readonly path: ReadonlyArray<PropertyKey>
  /** The keys that might have been meant. */
  readonly known: ReadonlyArray<string>
  readonly secrets: ReadonlySet<unknown>
}

const leaves = (node: Node): ReadonlyArray<ConfigIssue> => {
  const { issue, known, path } = node
  switch (issue._tag) {
    case "Pointer": {
      const step = Array.isArray(issue.path) ? issue.path : [issue.path]
      return leaves({ ...node, issue: issue.issue, path: [...path, ...step] })
    }
    case "Composite": {
      const inner = [issue.issues].flat()
      return AST.isUnion(issue.ast)
        ? fromUnion(issue.ast, inner, issue.actual, node)
        : inner.flatMap((each) => leaves({ ...node, issue: each, known: knownKeys(issue.ast) }))
    }
    case "Refinement":
      return issue.kind === "Predicate" && issue.issue._tag === "Type"
        ? [{ path, message: expected(issue.ast, issue.actual, node) }]
        : leaves({ ...node, issue: issue.issue })
    case "Transformation":
      return leaves({ ...node, issue: issue.issue })
    case "Unexpected": {
      const key = String(path.at(-1))
      return [{ path, message: `unknown key "${key}"${didYouMean(key, known)}` }]
    }
    case "Missing":
      return [{ path, message: "is required" }]
    case "Type":
      return [{ path, message: issue.message ?? expected(issue.ast, issue.actual, node) }]
    case "Forbidden":
      return [{ path, message: issue.message ?? "is not allowed" }]
  }
}

// Of a union only the members that could have been meant are worth reporting: `null` never was.
const fromUnion = (
  ast: AST.Union,
  issues: ReadonlyArray<ParseResult.ParseIssue>,
  actual: unknown,
  node: Node
): ReadonlyArray<ConfigIssue> => {
  const meant = issues.filter(
    (issue) => !(issue._tag === "Type" && (isNull(issue.ast) || AST.isUndefinedKeyword(issue.ast)))
  )
  const nested = meant.filter((issue) => beneath(issue)._tag !== "Type")
  const chosen = nested.length === 1 ? nested[0] : meant.length === 1 ? meant[0] : undefined
  return chosen === undefined
    ? [{ path: node.path, message: expected(ast, actual, node) }]
    : leaves({ ...node, issue: chosen, known: [] })
}

// What is of the wrong kind is so before it is judged or made into anything.
const beneath = (issue: ParseResult.ParseIssue): ParseResult.ParseIssue =>
  (issue._tag === "Refinement" && issue.kind === "From") ||
  (issue._tag === "Transformation" && issue.kind === "Encoded")
    ? beneath(issue.issue)
    : issue

const isNull = (ast: AST.AST): boolean => AST.isLiteral(ast) && ast.literal === null

const knownKeys = (ast: AST.AST): ReadonlyArray<string> =>
  AST.isTypeLiteral(ast) ? ast.propertySignatures.map((signature) => String(signature.name)) : []

const expected = (ast: AST.AST, actual: unknown, { path, secrets }: Node): string =>
  `expected ${nameOf(ast)}, got ${isSecret(path) || secrets.has(actual) ? kindOf(actual) : describe(actual)}`

const nameOf = (ast: AST.AST): string => {
  const name = String(ast).replace(/ \| (null|undefined)\b/g, "")
  if (AST.isTypeLiteral(ast) || name.startsWith("Struct")) return "a mapping"
  return name === "string" ? "a string" : name
}

const describe = (actual: unknown): string => (isScalar(actual) ? cut(JSON.stringify(actual)) : kindOf(actual))

const kindOf = (actual: unknown): string => {
  if (actual === null || actual === undefined) return "nothing"
  if (Array.isArray(actual)) return actual.length === 0 ? "an empty list" : "a list"
  return typeof actual === "object" ? "a mapping" : `a ${typeof actual}`
}

const isScalar = (value: unknown): boolean => value !== null && value !== undefined && typeof value !== "object"

/** Whether what stands there in a configuration may be a secret. */
export const isSecret = (path: ReadonlyArray<PropertyKey>): boolean => path.some((key) => secretKeys.has(key))

const secretKeys: ReadonlySet<PropertyKey> = new Set([
  "api_key",
  "operator_key",
  "base_url",
  "proxy",
  "headers",
  "extra_body"
])

// Whatever stands at or below the keys of secrets.
const secretsIn = (plain: unknown): ReadonlySet<unknown> => {
  const found = new Set<unknown>()
  const seen = new Set<unknown>()
  const visit = (value: unknown, secret: boolean): void => {
    if (isScalar(value)) {
      if (secret) found.add(value)
    } else if (typeof value === "object" && value !== null && !seen.has(value)) {
      seen.add(value)
      for (const [key, each] of Object.entries(value)) visit(each, secret || secretKeys.has(key))
    }
  }
  visit(plain, false)
  return found
}
