import * as OpenAiBackend from "../OpenAiBackend.js"

/** Backends with OpenAI's old completions. */
export const protocol = OpenAiBackend.at("/completions")
