import type * as JsonObject from "../json/JsonObject.js"
import * as MediaOperation from "./MediaOperation.js"

/** OpenAI's `/audio/transcriptions`: sound becomes a text, as JSON, plain, as subtitles, or in events. */
export const operation: MediaOperation.MediaOperation = {
  name: "audio/transcriptions",
  path: "/audio/transcriptions",
  request: "form",
  fields: [],
  files: ["file"],
  defaultModel: undefined,
  isStream: MediaOperation.saysStream,
  isBytes: false,
  isTextual: true,
  isAnswer,
  last: ["transcript.text.done"],
  isCostly: false,
  sample: { file: "[hello.mp3]" }
}

/** Whether a JSON object is a transcript; one of silence is empty. */
export function isAnswer({ segments, text }: JsonObject.JsonObject): boolean {
  return typeof text === "string" || Array.isArray(segments)
}
