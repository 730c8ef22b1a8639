import * as JsonObject from "../../json/JsonObject.js"
import * as ServiceTier from "./ServiceTier.js"
import * as Usage from "./Usage.js"

/** An answer that is not streamed: its body, and the same as JSON. */
export interface WholeAnswer {
  readonly body: JsonObject.JsonObject
  readonly text: string
}

/**
 * Whether the body of a chat completion is what the repair would make of it, so that it may go on as it came: it has
 * all that clients read, in the way of OpenAI, and nothing that is not known here.
 */
export const isSound = (body: JsonObject.JsonObject): boolean =>
  isOf(bodyFields, body) &&
  JsonObject.listOf(body["choices"]).every(
    (choice, position) => JsonObject.is(choice) && isOf(choiceFields, choice) && choice["index"] === position
  )

interface Fields {
  readonly required: ReadonlyArray<string>
  readonly valid: ReadonlyMap<string, (value: unknown) => boolean>
}

const isOf = ({ required, valid }: Fields, object: JsonObject.JsonObject): boolean => {
  for (const key in object) if (valid.get(key)?.(object[key]) !== true) return false
  return required.every((key) => object[key] !== undefined)
}

const isName = (value: unknown): boolean => typeof value === "string" && value !== ""

const isTextOrNull = (value: unknown): boolean => value === null || typeof value === "string"

const bodyFields: Fields = {
  required: ["id", "object", "created", "model", "choices", "usage"],
  valid: new Map([
    ["id", isName],
    ["object", (value) => value === "chat.completion"],
    ["created", (value) => Number.isSafeInteger(value) && Number(value) > 0],
    ["model", isName],
    ["choices", (value) => Array.isArray(value) && value.length > 0],
    ["usage", (value) => JsonObject.is(value) && Usage.complete(value) === value],
    ["service_tier", ServiceTier.isKnown],
    ["system_fingerprint", (value) => typeof value === "string"]
  ])
}

const messageFields: Fields = {
  required: ["role", "content", "refusal"],
  valid: new Map([
    ["role", (value) => value === "assistant"],
    ["content", isTextOrNull],
    ["refusal", isTextOrNull],
    ["annotations", Array.isArray]
  ])
}

const choiceFields: Fields = {
  required: ["index", "message", "logprobs", "finish_reason"],
  valid: new Map<string, (value: unknown) => boolean>([
    ["index", Number.isSafeInteger],
    ["message", (value) => JsonObject.is(value) && isOf(messageFields, value)],
    ["logprobs", (value) => value === null],
    ["finish_reason", (value) => value === "stop" || value === "length" || value === "content_filter"]
  ])
}
