import * as JsonObject from "./JsonObject.js"

/**
 * Turns the texts of a backend that repeats in each chunk all that it has said (some of Qwen's do) into what each adds.
 * A text that does not begin with everything before it is taken for an addition.
 */
export const make = (): ((choice: JsonObject.JsonObject) => JsonObject.JsonObject) => {
  const said = new Map<string, string>()

  const added = (where: string, text: string): string => {
    const before = said.get(where) ?? ""
    const grown = text.startsWith(before)
    said.set(where, grown ? text : before + text)
    return grown ? text.slice(before.length) : text
  }

  const shorten = (object: JsonObject.JsonObject, where: string): JsonObject.JsonObject => {
    const texts = growing.flatMap((key) => {
      const text = object[key]
      return typeof text === "string" ? [[key, added(`${where} ${key}`, text)]] : []
    })
    return { ...object, ...Object.fromEntries(texts) }
  }

  return (choice) => {
    const where = String(choice["index"] ?? 0)
    const { delta } = choice
    return { ...shorten(choice, where), ...(JsonObject.is(delta) ? { delta: shorten(delta, where) } : {}) }
  }
}

const growing = ["content", "reasoning_content", "reasoning", "text"]
