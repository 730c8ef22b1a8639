import * as AST from "effect/SchemaAST"
import type * as ParseResult from "effect/ParseResult"
import leven from "leven"

/** One thing wrong with a configuration: where (a path of keys and indexes) and what, in words for the operator. */
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

/** Every leaf of a Schema failure as one issue, with suggestions for unknown keys and without the values of secrets. */
export const fromParseIssue = (
  issue: ParseResult.ParseIssue,
  path: ReadonlyArray<PropertyKey> = [],
  known: ReadonlyArray<string> = []
): ReadonlyArray<ConfigIssue> => {
  switch (issue._tag) {
    case "Pointer": {
      const step = Array.isArray(issue.path) ? issue.path : [issue.path]
      return fromParseIssue(issue.issue, [...path, ...step], known)
    }
    case "Composite": {
      const inner = [issue.issues].flat()
      return AST.isUnion(issue.ast)
        ? fromUnion(issue.ast, inner, issue.actual, path)
        : inner.flatMap((each) => fromParseIssue(each, path, knownKeys(issue.ast)))
    }
    case "Refinement":
      return issue.kind === "Predicate" && issue.issue._tag === "Type"
        ? [{ path, message: expected(issue.ast, issue.actual, path) }]
        : fromParseIssue(issue.issue, path, known)
    case "Transformation":
      return fromParseIssue(issue.issue, path, known)
    case "Unexpected": {
      const key = String(path.at(-1))
      return [{ path, message: `unknown key "${key}"${didYouMean(key, known)}` }]
    }
    case "Missing":
      return [{ path, message: "is required" }]
    case "Type":
      return [{ path, message: issue.message ?? expected(issue.ast, issue.actual, path) }]
    case "Forbidden":
      return [{ path, message: issue.message ?? "is not allowed" }]
  }
}

// Of a union only the members that could have been meant are worth reporting: `null` never was.
const fromUnion = (
  ast: AST.Union,
  issues: ReadonlyArray<ParseResult.ParseIssue>,
  actual: unknown,
  path: ReadonlyArray<PropertyKey>
): ReadonlyArray<ConfigIssue> => {
  const meant = issues.filter(
    (issue) => !(issue._tag === "Type" && (isNull(issue.ast) || AST.isUndefinedKeyword(issue.ast)))
  )
  const nested = meant.filter(
    (issue) => (issue._tag === "Refinement" && issue.kind === "From" ? issue.issue : issue)._tag !== "Type"
  )
  const chosen = nested.length === 1 ? nested[0] : meant.length === 1 ? meant[0] : undefined
  return chosen === undefined ? [{ path, message: expected(ast, actual, path) }] : fromParseIssue(chosen, path)
}

const isNull = (ast: AST.AST): boolean => AST.isLiteral(ast) && ast.literal === null

const knownKeys = (ast: AST.AST): ReadonlyArray<string> =>
  AST.isTypeLiteral(ast) ? ast.propertySignatures.map((signature) => String(signature.name)) : []

const expected = (ast: AST.AST, actual: unknown, path: ReadonlyArray<PropertyKey>): string =>
  `expected ${nameOf(ast)}, got ${describe(actual, path)}`

const nameOf = (ast: AST.AST): string => {
  const name = String(ast).replace(/ \| (null|undefined)\b/g, "")
  if (AST.isTypeLiteral(ast) || name.startsWith("Struct")) return "a mapping"
  return name === "string" ? "a string" : name
}

const describe = (actual: unknown, path: ReadonlyArray<PropertyKey>): string => {
  if (actual === null || actual === undefined) return "nothing"
  if (Array.isArray(actual)) return actual.length === 0 ? "an empty list" : "a list"
  if (typeof actual === "object") return "a mapping"
  return maySecret(path) ? `a ${typeof actual}` : JSON.stringify(actual)
}

const maySecret = (path: ReadonlyArray<PropertyKey>): boolean =>
  path.some((key) => key === "api_key" || key === "base_url" || key === "headers" || key === "extra_body")
