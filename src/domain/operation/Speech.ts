import type { MediaOperation } from "./MediaOperation.js"

/** OpenAI's `/audio/speech`: a text becomes sound, which comes as it is made, or in events. */
export const operation: MediaOperation = {
  name: "audio/speech",
  path: "/audio/speech",
  request: "json",
  fields: [
    { key: "input", expected: "a text that is not empty", valid: (input) => typeof input === "string" && input !== "" }
  ],
  files: [],
  defaultModel: undefined,
  isStream: ({ stream_format: format }) => format === "sse",
  isBytes: true,
  isTextual: false,
  isAnswer: () => false,
  last: ["speech.audio.done"],
  isCostly: false,
  sample: { input: "Hello", voice: "alloy" }
}
