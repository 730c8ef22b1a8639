import type { ClientProtocol } from "../ClientProtocol.js"
import { answers } from "../OpenAiAnswer.js"
import * as OpenAiRequest from "../OpenAiRequest.js"

/** OpenAI's old completions. */
export const protocol: ClientProtocol = {
  name: "openai-text",
  operation: "text",
  paths: ["/v1/completions", "/completions"],
  decode: OpenAiRequest.decoder("text", []),
  ...answers
}
