import * as JsonObject from "../json/JsonObject.js"
import * as Rope from "./Rope.js"

/** Leaves of the texts of a choice with this number what is new in them. */
export type Shorten = (choice: JsonObject.JsonObject, index: number) => JsonObject.JsonObject

/**
 * Turns the texts of a backend that repeats in each chunk all that it has said (some of Qwen's do) into what each adds.
 * A text that does not begin with everything before it is taken for an addition.
 */
export const make = (): Shorten => {
  const said = new Map<string, string>()

  const added = (where: string, text: string): string => {
    const before = said.get(where) ?? ""
    // A shorter one is not looked at, since that would copy all that was said.
    const grown = text.length >= before.length && text.startsWith(before)
    said.set(where, grown ? text : Rope.append(before, text))
    return grown ? text.slice(before.length) : text
  }

  const shorten = (object: JsonObject.JsonObject, where: string): JsonObject.JsonObject => {
    const shortened: Record<string, unknown> = { ...object }
    for (const key of growing) {
      const text = object[key]
      if (typeof text === "string") shortened[key] = added(`${where} ${key}`, text)
    }
    return shortened
  }

  return (choice, index) => {
    const { delta, message } = choice
    const where = String(index)
    return {
      ...shorten(choice, where),
      ...(JsonObject.is(delta) ? { delta: shorten(delta, where) } : {}),
      // Some call a delta so.
      ...(JsonObject.is(message) ? { message: shorten(message, where) } : {})
    }
  }
}

const growing = ["content", "reasoning_content", "reasoning", "text"]
