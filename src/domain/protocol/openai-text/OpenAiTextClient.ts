import type { ClientProtocol } from "../ClientProtocol.js"
import { answers } from "../OpenAiAnswer.js"
import * as OpenAiPaths from "../OpenAiPaths.js"
import * as OpenAiRequest from "../OpenAiRequest.js"

/** OpenAI's old completions. */
export const protocol: ClientProtocol = {
  name: "openai-text",
  operation: "text",
  ...OpenAiPaths.of("/completions"),
  decode: OpenAiRequest.decoder("text", []),
  ...answers
}
