import * as JsonObject from "../../json/JsonObject.js"
import type { ClientProtocol } from "../ClientProtocol.js"
import { answers } from "../OpenAiAnswer.js"
import * as OpenAiPaths from "../OpenAiPaths.js"
import * as OpenAiRequest from "../OpenAiRequest.js"

// A schema for each message would cost a long chat more than everything else that is done with it.
const areMessages = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((message) => typeof JsonObject.orEmpty(message)["role"] === "string")

/** OpenAI's chat completions. */
export const protocol: ClientProtocol = {
  name: "openai-chat",
  operation: "chat",
  ...OpenAiPaths.of("/chat/completions"),
  decode: OpenAiRequest.decoder("chat", [
    { key: "messages", expected: "a non-empty list of objects with a role", valid: areMessages }
  ]),
  ...answers
}
