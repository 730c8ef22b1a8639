import type * as JsonObject from "../json/JsonObject.js"
import * as MediaOperation from "./MediaOperation.js"

/** OpenAI's `/images/generations`: a text becomes images, as JSON or in events. */
export const operation: MediaOperation.MediaOperation = {
  name: "images/generations",
  path: "/images/generations",
  request: "json",
  fields: [
    {
      key: "prompt",
      expected: "a text that is not empty",
      valid: (prompt) => typeof prompt === "string" && prompt !== ""
    }
  ],
  files: [],
  defaultModel: "gpt-image-1",
  isStream: MediaOperation.saysStream,
  isBytes: false,
  isTextual: false,
  isAnswer,
  last: ["image_generation.completed"],
  isCostly: true,
  sample: { prompt: "A red apple" }
}

/** Whether a JSON object has images. */
export function isAnswer({ data }: JsonObject.JsonObject): boolean {
  return Array.isArray(data)
}
