import * as JsonObject from "../json/JsonObject.js"
import * as ByteLength from "../text/ByteLength.js"
import * as Redaction from "./Redaction.js"

/** Models take about so many bytes of UTF-8 for a token: English has four letters in them, Chinese one and a third. */
const bytesPerToken = 4

/** About how many tokens a request has: its messages with their roles, or its prompt, and its tools. */
export const ofRequest = (body: JsonObject.JsonObject): number =>
  tokensOf(sizeOfAll(body, ["messages", "prompt", "suffix", "tools", "functions", "response_format"]))

/** About how many tokens an answer has, as far as it came: what was said, thought and called in all of its choices. */
export const ofAnswer = (answer: JsonObject.JsonObject): number => {
  let bytes = 0
  for (const value of JsonObject.listOf(answer["choices"])) {
    const choice = JsonObject.orEmpty(value)
    const message = JsonObject.orEmpty(choice["message"])
    // Some say their thoughts under several names at once.
    const thoughts = [message["reasoning_content"], message["reasoning"]].map((each) => sizeOf(each, ""))
    bytes += sizeOf(choice["text"], "") + sizeOfAll(message, ["content", "refusal"]) + Math.max(...thoughts)
    for (const call of JsonObject.listOf(message["tool_calls"])) bytes += sizeOfCall(JsonObject.orEmpty(call))
    bytes += sizeOf(message["function_call"], "")
  }
  return tokensOf(bytes)
}

const tokensOf = (bytes: number): number => Math.ceil(bytes / bytesPerToken)

const sizeOfCall = (call: JsonObject.JsonObject): number => sizeOfAll(call, ["function", "custom"])

const sizeOfAll = (object: JsonObject.JsonObject, keys: ReadonlyArray<string>): number => {
  let bytes = 0
  for (const key of keys) bytes += sizeOf(object[key], key)
  return bytes
}

// Names count with what they name, which about makes up for what stands around a message. The depth is bounded: what is
// nested too deeply is not parsed.
const sizeOf = (value: unknown, key: string): number => {
  if (typeof value === "string") return Redaction.isMedia(value, key) ? 0 : ByteLength.of(value)
  // One of a prompt that is given in tokens.
  if (JsonObject.number(value) !== undefined) return bytesPerToken
  let bytes = 0
  if (Array.isArray(value)) for (const item of value) bytes += sizeOf(item, key)
  else if (JsonObject.is(value)) for (const name in value) bytes += name.length + sizeOf(value[name], name)
  return bytes
}
