import * as JsonObject from "../json/JsonObject.js"
import type { PlainOperation } from "./PlainOperation.js"

/**
 * `/embeddings`. A vector is sent in the way that was asked for: both OpenAI's SDKs ask for base64, of which backends that
 * send numbers all the same leave nothing.
 */
export const operation: PlainOperation = {
  name: "embeddings",
  path: "/embeddings",
  otherPaths: [],
  fields: [{ key: "input", expected: "a text or a list of texts or tokens, not empty", valid: isInput }],
  defaultModel: undefined,
  repair: ({ encoding_format: format }, answer) =>
    overData(answer, (item) =>
      isVector(item["embedding"])
        ? { ...item, embedding: format === "base64" ? toBase64(item["embedding"]) : toNumbers(item["embedding"]) }
        : item
    ),
  kept: (answer) => overData(answer, (item) => ({ ...item, embedding: described(item["embedding"]) })) ?? answer,
  sample: { input: "Hello" }
}

type Vector = string | ReadonlyArray<number>

function isInput(input: unknown): boolean {
  return typeof input === "string" ? input !== "" : Array.isArray(input) && input.length > 0
}

const overData = (
  answer: JsonObject.JsonObject,
  f: (item: JsonObject.JsonObject) => JsonObject.JsonObject
): JsonObject.JsonObject | undefined => {
  const { data } = answer
  if (!Array.isArray(data)) return undefined
  return { ...answer, data: data.map((item: unknown) => (JsonObject.is(item) ? f(item) : item)) }
}

const isVector = (value: unknown): value is Vector =>
  typeof value === "string" || (Array.isArray(value) && value.every((each) => typeof each === "number"))

// Four bytes for each number, the lowest first.
const toBase64 = (vector: Vector): string => {
  if (typeof vector === "string") return vector
  const bytes = Buffer.allocUnsafe(4 * vector.length)
  vector.forEach((number, n) => bytes.writeFloatLE(number, 4 * n))
  return bytes.toString("base64")
}

const toNumbers = (vector: Vector): ReadonlyArray<number> => {
  if (typeof vector !== "string") return vector
  const bytes = Buffer.from(vector, "base64")
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, n) => bytes.readFloatLE(4 * n))
}

const described = (value: unknown): unknown =>
  isVector(value) ? `[${typeof value === "string" ? toNumbers(value).length : value.length} numbers]` : value
