import * as OpenAiBackend from "../OpenAiBackend.js"

/** Backends with OpenAI's chat completions. */
export const protocol = OpenAiBackend.at("/chat/completions")
