import type { Shape } from "../Shape.js"
import { json, refused, stream } from "../Shape.js"
import { either, shape } from "./pieces.js"

const wordings: ReadonlyArray<readonly [who: string, words: string, more?: object]> = [
  ["OpenAI", "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens."],
  ["OpenAI, by its code", "Your input is more than this model can take.", { code: "context_length_exceeded" }],
  ["OpenAI's newer models", "Your input exceeds the context window of this model. Please adjust your input."],
  ["Azure", "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 300123 tokens."],
  [
    "vLLM, older",
    "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens in the messages."
  ],
  ["vLLM", "The decoder prompt (length 5001) is longer than the maximum model length of 4096."],
  [
    "vLLM, newer",
    "You passed 5001 input tokens. However, the model's context length is only 4096 tokens, resulting in a maximum input length of 3996 tokens."
  ],
  ["SGLang", "The input (5001 tokens) is longer than the model's context length (4096 tokens)."],
  ["SGLang, with the answer", "Requested token count exceeds the model's maximum context length of 4096 tokens."],
  ["llama.cpp", "the request exceeds the available context size, try increasing it"],
  ["llama.cpp, newer", "request (5001 tokens) exceeds the available context size (4096 tokens), try increasing it"],
  ["llama.cpp, by its type", "no room", { type: "exceed_context_size_error" }],
  ["Ollama", "input length exceeds maximum context length"],
  ["Ollama, newer", "prompt too long; exceeded max context length by 905 tokens"],
  [
    "LM Studio",
    "Trying to keep the first 5001 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens."
  ],
  [
    "LM Studio, for what is kept",
    "The number of tokens to keep from the initial prompt is greater than the context length."
  ],
  [
    "TGI",
    "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5001 `inputs` tokens and 100 `max_new_tokens`"
  ],
  ["TGI, for the prompt alone", "Input validation error: `inputs` must have less than 4095 tokens. Given: 5001"],
  ["Gemini", "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."],
  ["xAI", "This model's maximum prompt length is 131072 but the request contains 150000 tokens."],
  ["Bedrock", "Input is too long for requested model."],
  ["Bedrock, for Claude", "prompt is too long: 210000 tokens > 200000 maximum"],
  [
    "Anthropic, with the answer",
    "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input length or `max_tokens` and try again"
  ],
  ["Moonshot", "Invalid request: Your request exceeded model token limit: 8192"],
  ["DashScope", "Range of input length should be [1, 30720]"],
  ["Zhipu", "Prompt exceeds max length"],
  ["Groq", "Please reduce the length of the messages or completion.", { code: "context_length_exceeded" }],
  ["Mistral", "Prompt contains 40000 tokens, too large for model with 32768 maximum context length"],
  ["Cohere", "too many tokens: total number of tokens in the prompt cannot exceed 4081"],
  [
    "DeepSeek",
    "This model's maximum context length is 65536 tokens. However, you requested 70000 tokens. Please reduce the length of the messages."
  ],
  ["OpenRouter", "This endpoint's maximum context length is 32768 tokens. However, you requested about 40000 tokens."]
]

const error = (message: string, more: object = {}): object => ({
  error: { message, type: "invalid_request_error", param: null, code: null, ...more }
})

/** The beginning, which all clients show as it came. */
const beginning = (words: string): string => words.slice(0, 24)

/** Prompts that are too long, and what only sounds like it. */
export const tooLong: ReadonlyArray<Shape> = [
  ...wordings.map(([who, words, more]) =>
    shape(
      `a prompt that is too long, as ${who} says it`,
      ["2.2 context length"],
      json(error(words, more), 400),
      refused(400, beginning(words), "context_length_exceeded")
    )
  ),
  shape(
    "a prompt that is too long, in a 200",
    ["2.2 context length"],
    either(
      stream(error("The input (5001 tokens) is longer than the model's context length (4096 tokens).")),
      json(error("The input (5001 tokens) is longer than the model's context length (4096 tokens)."))
    ),
    refused(400, "The input (5001 tokens)", "context_length_exceeded")
  ),
  shape(
    "too many tokens in a minute",
    ["2.2 context length", "2.3 retry-after"],
    json(
      error(
        "Request too large: limit of tokens per minute is 10000, requested 12000. Please reduce the length of the messages.",
        {
          type: "tokens",
          code: "rate_limit_exceeded"
        }
      ),
      429,
      { "retry-after": "20" }
    ),
    refused(429, "Request too large", "rate_limit_exceeded")
  ),
  shape(
    "a 429 that speaks of the context",
    ["2.2 context length", "2.3 retry-after"],
    json(error("Too many tokens in the context window for now, please wait."), 429, { "retry-after": "20" }),
    refused(429, "Too many tokens", null)
  ),
  shape(
    "an answer's bound that is too large",
    ["2.2 context length"],
    json(
      error(
        "max_tokens is too large: 100000. This model supports at most 16384 completion tokens, whereas you provided 100000.",
        {
          param: "max_tokens",
          code: "invalid_value"
        }
      ),
      400
    ),
    refused(400, "max_tokens is too large", "invalid_value")
  )
]
