import * as JsonObject from "../domain/json/JsonObject.js"

/** So many numbers a vector of the demo's has. */
const dimensions = 16

/** What the demo answers at a path other than those of conversations; undefined where there is nothing. */
export const answerTo = (path: string, body: JsonObject.JsonObject): JsonObject.JsonObject | undefined => {
  switch (path) {
    case "/embeddings":
      return embeddings(body)
    case "/rerank":
      return rerank(body)
    default:
      return undefined
  }
}

// Texts that share words have vectors that are near to each other.
const embeddings = ({ input, model }: JsonObject.JsonObject): JsonObject.JsonObject => {
  const texts = Array.isArray(input) && typeof input[0] !== "number" ? input : [input]
  const data = texts.map((text: unknown, index) => ({ object: "embedding", index, embedding: vectorOf(wordsOf(text)) }))
  return { object: "list", data, model, usage: usageOf(texts) }
}

const rerank = ({ documents, model, query }: JsonObject.JsonObject): JsonObject.JsonObject => {
  const asked = new Set(wordsOf(query))
  const list = JsonObject.listOf(documents)
  const results = list.map((document, index) => {
    const words = new Set(wordsOf(document))
    const shared = [...words].filter((word) => asked.has(word)).length
    return { index, relevance_score: shared / Math.max(1, asked.size), document: { text: textOf(document) } }
  })
  return { id: "rerank-demo", model, results, usage: usageOf([query, ...list]) }
}

const textOf = (value: unknown): string =>
  typeof value === "string"
    ? value
    : (JsonObject.text(JsonObject.orEmpty(value)["text"]) ?? JSON.stringify(value ?? ""))

const wordsOf = (value: unknown): ReadonlyArray<string> =>
  textOf(value)
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu) ?? []

const vectorOf = (words: ReadonlyArray<string>): ReadonlyArray<number> => {
  const sums = new Array<number>(dimensions).fill(0)
  for (const word of words) {
    const place =
      Array.from(word).reduce((hash, letter) => (31 * hash + (letter.codePointAt(0) ?? 0)) >>> 0, 7) % dimensions
    sums[place] = (sums[place] ?? 0) + 1
  }
  const length = Math.hypot(...sums)
  return length === 0 ? sums : sums.map((sum) => sum / length)
}

const usageOf = (texts: ReadonlyArray<unknown>) => {
  const tokens = texts.reduce<number>((sum, text) => sum + wordsOf(text).length, 0)
  return { prompt_tokens: tokens, total_tokens: tokens }
}
