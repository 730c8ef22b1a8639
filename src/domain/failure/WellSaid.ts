import * as JsonObject from "../json/JsonObject.js"

// What APIs with an envelope for everything write in the fields of an error where nothing is wrong.

/** Whether a code says that all is well: no error, or a number that HTTP has for it. */
export const isWell = (value: unknown): boolean => {
  const number = JsonObject.number(value) ?? Number(JsonObject.text(value))
  return isNone(value) || (number >= 100 && number < 300)
}

/** Whether a code or a text says that there is no error. */
export const isNone = (value: unknown): boolean =>
  typeof value === "string" ? value.length <= longest && none.test(value.trim()) : JsonObject.number(value) === 0

/** Longer texts say more than that, in characters. */
const longest = 64

const none =
  /^(?:0+|none|null|nil|false|n\/a|ok|okay|done|finished|completed?|(?:no|without)[ _-]?errors?|(?:(?:request|operation|query|call)[ _-]?)?(?:is |was )?(?:ok|success|successful|successfully|succeeded|completed)|成功|请求成功|操作成功)[.!]?$/i
