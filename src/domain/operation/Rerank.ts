import * as JsonObject from "../json/JsonObject.js"
import type { PlainOperation } from "./PlainOperation.js"

/**
 * `/rerank`, as Cohere, Jina and vLLM have it: the results sorted, no more than were asked for, and without the documents
 * where the caller does not want them.
 */
export const operation: PlainOperation = {
  name: "rerank",
  path: "/rerank",
  otherPaths: ["/v2/rerank"],
  fields: [
    { key: "query", expected: "a text or an object", valid: (query) => isText(query) || JsonObject.is(query) },
    { key: "documents", expected: "a list that is not empty", valid: (list) => Array.isArray(list) && list.length > 0 }
  ],
  defaultModel: undefined,
  repair: (asked, answer) => {
    const { results } = answer
    if (!Array.isArray(results)) return undefined
    const found: ReadonlyArray<unknown> = results
    const sorted = isSorted(found) ? found : [...found].sort((a, b) => scoreOf(b) - scoreOf(a))
    const top = mostOf(asked)
    const wanted = sorted.length > top ? sorted.slice(0, top) : sorted
    const told = asked["return_documents"] === false ? wanted.map(withoutDocument) : wanted
    return { ...answer, results: told }
  },
  sample: { query: "red apples", documents: ["two red apples", "a blue sky"] }
}

const isText = (value: unknown): boolean => typeof value === "string" && value !== ""

const scoreOf = (result: unknown): number =>
  JsonObject.number(JsonObject.orEmpty(result)["relevance_score"]) ?? -Infinity

const isSorted = (results: ReadonlyArray<unknown>): boolean =>
  results.every((result, n) => n === 0 || scoreOf(results[n - 1]) >= scoreOf(result))

// Zero is all of them at vLLM.
const mostOf = ({ top_n: top }: JsonObject.JsonObject): number => {
  const number = JsonObject.number(top)
  return number !== undefined && Number.isInteger(number) && number > 0 ? number : Infinity
}

const withoutDocument = (result: unknown): unknown => {
  if (!JsonObject.is(result)) return result
  const { document: _, ...rest } = result
  return rest
}
