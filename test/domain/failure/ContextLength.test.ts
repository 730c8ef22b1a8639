import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import { UpstreamErrored } from "../../../src/domain/failure/AnswerFailure.js"
import * as Blame from "../../../src/domain/failover/Blame.js"
import * as ContextLength from "../../../src/domain/failure/ContextLength.js"
import type { ErrorBody } from "../../../src/domain/failure/ErrorBody.js"
import { UpstreamRejected } from "../../../src/domain/failure/Failure.js"
import * as WireError from "../../../src/domain/failure/WireError.js"
import { holds } from "../generators.js"

const error = (message: string, over: Partial<ErrorBody> = {}): ErrorBody => ({
  message,
  type: "invalid_request_error",
  param: null,
  code: null,
  ...over
})

/** What providers say of a prompt that is longer than the context. */
const tooLong: ReadonlyArray<readonly [who: string, message: string]> = [
  [
    "OpenAI",
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens. Please reduce the length of the messages."
  ],
  [
    "OpenAI, with room for the answer",
    "This model's maximum context length is 8192 tokens. However, you requested 9001 tokens (8001 in the messages, 1000 in the completion). Please reduce the length of the messages or completion."
  ],
  [
    "OpenAI's Responses",
    "Your input exceeds the context window of this model. Please adjust your input and try again."
  ],
  [
    "Azure",
    "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 300123 tokens. Please reduce the length of the messages."
  ],
  ["Anthropic", "prompt is too long: 210000 tokens > 200000 maximum"],
  [
    "Anthropic, with room for the answer",
    "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input length or `max_tokens` and try again"
  ],
  [
    "older vLLM",
    "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens in the messages, Please reduce the length of the messages."
  ],
  [
    "vLLM, of its decoder",
    "The decoder prompt (length 5001) is longer than the maximum model length of 4096. Make sure that it fits."
  ],
  ["vLLM, of a prompt", "The prompt (total length 5001) is longer than the maximum model length of 4096"],
  [
    "newer vLLM",
    "You passed 5001 input tokens and requested 100 output tokens. However, the model's context length is only 4096 tokens, resulting in a maximum input length of 3996 tokens. Please reduce the length of the input prompt. (parameter=input_tokens, value=5001)"
  ],
  ["vLLM with a class", "VLLMValidationError: Input length (5001) exceeds model's maximum context length (4096)."],
  ["SGLang", "The input (5001 tokens) is longer than the model's context length (4096 tokens)."],
  [
    "SGLang, with room for the answer",
    "Requested token count exceeds the model's maximum context length of 4096 tokens. You requested a total of 5001 tokens: 4001 tokens from the input messages and 1000 tokens for the completion."
  ],
  ["llama.cpp", "the request exceeds the available context size, try increasing it"],
  ["newer llama.cpp", "request (5001 tokens) exceeds the available context size (4096 tokens), try increasing it"],
  ["llama-cpp-python", "Requested tokens (5001) exceed context window of 4096"],
  ["llama.cpp in a stream", "Context size has been exceeded."],
  ["Ollama", "input length exceeds maximum context length"],
  ["Ollama, of embeddings", "the input length exceeds the context length"],
  ["newer Ollama", "prompt too long; exceeded max context length by 905 tokens"],
  [
    "LM Studio",
    "Trying to keep the first 5001 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough. Try to load the model with a larger context length, or provide a shorter input"
  ],
  [
    "LM Studio, of what is kept",
    "The number of tokens to keep from the initial prompt is greater than the context length. Try to load the model with a larger context length, or provide a shorter input"
  ],
  [
    "LM Studio, in the middle",
    "Reached context length of 4096 tokens with model, but this model does not support mid-generation overflow."
  ],
  [
    "TGI",
    "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4001 `inputs` tokens and 512 `max_new_tokens`"
  ],
  ["TGI, of the prompt", "Input validation error: `inputs` must have less than 4095 tokens. Given: 5001"],
  ["Gemini", "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575)."],
  ["xAI", "This model's maximum prompt length is 131072 but the request contains 537812 tokens."],
  ["Bedrock", "Input is too long for requested model."],
  [
    "Bedrock, of others' models",
    "Malformed input request: too many input tokens, please reformat your input and try again."
  ],
  ["Moonshot", "Invalid request: Your request exceeded model token limit: 131072 (requested: 140021)"],
  ["Moonshot, older", "Invalid request: your request exceeded max tokens of the context"],
  ["DashScope", "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 129024]"],
  ["Zhipu", "Prompt 超长"],
  ["Zhipu in English", "Prompt exceeds max length"],
  ["Mistral", "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length"],
  ["Groq", "Please reduce the length of the messages or completion."],
  ["Cerebras", "Please reduce the length of the messages or completion. Current length is 9001 while limit is 8192"],
  [
    "Cohere",
    "too many tokens: size limit exceeded by 11326 tokens. Try using shorter or fewer inputs, or setting prompt_truncation='AUTO'."
  ],
  [
    "Cohere, of the prompt",
    "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5001."
  ],
  ["Together", "The input (5001 tokens) is longer than the model's context length (4096 tokens)"],
  [
    "Together, older",
    "`inputs` tokens + `max_new_tokens` must be <= 8193. Given: 8001 `inputs` tokens and 512 `max_new_tokens`"
  ],
  ["Fireworks", "The prompt is too long: 210000, model maximum context length: 131071"],
  [
    "DeepSeek",
    "This model's maximum context length is 131072 tokens. However, you requested 140000 tokens (131808 in the messages, 8192 in the completion). Please reduce the length of the messages or completion."
  ],
  [
    "OpenRouter",
    'This endpoint\'s maximum context length is 131072 tokens. However, you requested about 200000 tokens (190000 of text input, 10000 in the output). Please reduce the length of either one, or use the "middle-out" transform to compress your prompt automatically.'
  ],
  ["OpenRouter's own models", "Input length 131393 exceeds the maximum allowed input length of 131040 tokens."],
  ["Databricks", "Bad request: Input prompt tokens (130001) exceeds the maximum context length of 128000."],
  ["MiniMax", "invalid params, context window exceeds limit (2013)"],
  ["GitHub Copilot", "prompt token count of 139920 exceeds the limit of 128000"],
  ["NVIDIA", "Prompt length (5001) exceeds maximum input length (4096). Set log level to info and check the logs."],
  ["TensorRT-LLM", "The sum of prompt length (5001.0), query length (0) should not exceed max_num_tokens (4096)"],
  ["Volcengine", "Total tokens of image and text exceed max message tokens."],
  ["Perplexity", "[400] Context length exceeded: 140000 tokens, the limit is 127072"],
  ["DS4", "Prompt has 32769 tokens, but the configured context size is 32768 tokens"],
  ["Hunyuan", "输入内容长度超过模型最大上下文长度限制"],
  ["SiliconFlow", "length of prompt_tokens (40000) must be less than max_seq_len (32768)."],
  ["GitHub Models", "Request body too large for gpt-4o model. Max size: 8000 tokens."],
  [
    "Vertex",
    "Unable to submit request because the input token count is 1200000 but model only supports up to 1048576. Reduce the input token count and try again."
  ],
  ["newer Gemini", "The input token count exceeds the maximum number of tokens allowed 1048576."],
  ["Baidu", "Prompt tokens too long"],
  ["Baidu, in characters", "the max input characters is 5120"],
  ["tabbyAPI", "Context length 9000 is greater than max_seq_len 4096"],
  ["exllama", "Prompt length 9000 exceeds max_seq_len"],
  ["a tokenizer", "Prompt length (9000) exceeds max_seq_len (4096)"],
  ["older llama.cpp", "Input prompt is too big (5000) compared to KV size. Please try increasing KV size."],
  ["a server of few words", "Prompt has 9000 tokens, but the limit is 8192"],
  ["vLLM, of a prompt that leaves no room", "max_tokens must be at least 1, got -5000"],
  ["vLLM, of the same for newer clients", "max_completion_tokens must be at least 1, got -12."],
  ["older SGLang", "Input length (5001 tokens) exceeds the maximum allowed length (4090 tokens). Use a shorter input."],
  [
    "older OpenAI",
    "You requested 5000 tokens (4000 in your prompt; 1000 for the completion). Please reduce your prompt; or completion length."
  ],
  [
    "Transformers",
    "Token indices sequence length is longer than the specified maximum sequence length for this model (5001 > 4096)."
  ],
  ["AI21", "ValidationException: The input is too long."],
  ["Azure, in short", "Input tokens exceed the configured limit of 272000 tokens."],
  ["newer vLLM, in short", "You passed 5001 input tokens, but the model's context length is only 4096 tokens."],
  ["LM Studio, in short", "Trying to keep the first 5001 tokens when context the overflows."],
  ["a proxy that tells the code", "Upstream error: context_length_exceeded"],
  ["Hunyuan, of tokens", "输入token数超过模型限制"],
  ["a server in Chinese", "输入文本过长，请缩短后重试"],
  ["another one in Chinese", "请求超过最大上下文长度"],
  ["a proxy", "litellm.ContextWindowExceededError: input is over the maximum context of this endpoint"]
]

/** What they say of something else. */
const otherwise: ReadonlyArray<readonly [who: string, message: string]> = [
  [
    "OpenAI, max_tokens",
    "max_tokens is too large: 100000. This model supports at most 16384 completion tokens, whereas you provided 100000."
  ],
  [
    "vLLM, max_tokens",
    "'max_tokens' or 'max_completion_tokens' is too large: 100000. This model's maximum context length is 32768 tokens and your request has 12 input tokens (100000 > 32768 - 12)."
  ],
  [
    "Anthropic, max_tokens",
    "max_tokens: 100000 > 8192, which is the maximum allowed number of output tokens for claude-3-5-sonnet-20241022"
  ],
  [
    "Groq, max_tokens",
    "`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens` is less than the `context_window` for this model"
  ],
  [
    "Groq, max_completion_tokens",
    "`max_completion_tokens` must be less than or equal to `8192`, the maximum value is less than the `context_window`"
  ],
  ["DeepSeek, max_tokens", "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]"],
  ["DashScope, max_tokens", "Range of max_tokens should be [1, 8192]"],
  [
    "Bedrock, max_tokens",
    "The maximum tokens you requested exceeds the model limit of 4096. Try again with a maximum tokens value that is lower than 4096."
  ],
  [
    "Gemini, maxOutputTokens",
    "Unable to submit request because it has a maxOutputTokens value of 100000 but the supported range is from 1 (inclusive) to 8193 (exclusive)."
  ],
  ["Cohere, max_tokens", "too many tokens: max tokens must be less than or equal to 4096, but received 100000"],
  ["LiteLLM, max_tokens", "max_tokens (100000) exceeds the maximum context length of the model"],
  [
    "OpenAI, tokens per minute",
    "Rate limit reached for gpt-4 on tokens per min (TPM): Limit 10000, Used 9000, Requested 2000."
  ],
  [
    "Groq, a request larger than a minute's tokens",
    "Request too large for model `llama` in organization `org` on tokens per minute (TPM): Limit 6000, Requested 7000, please reduce the length of the messages and try again."
  ],
  [
    "Anthropic, tokens per minute",
    "This request would exceed your organization's rate limit of 40,000 input tokens per minute."
  ],
  ["Bedrock, tokens per day", "Too many tokens per day, please wait before trying again."],
  ["a quota", "You exceeded your current quota of input tokens, please check your plan and billing details."],
  ["a stop sequence", "Invalid 'stop': array too long. Expected an array with maximum length 4, but got 5."],
  ["OpenAI, a text", "Invalid 'user': string too long. Expected a string with maximum length 64, but got 100."],
  ["a parameter", "Invalid 'max_tokens': integer below minimum value."],
  [
    "an unsupported parameter",
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
  ],
  ["a picture", "The image is too large: please reduce the size of the input image."],
  ["content", "content is too long"],
  ["something missing", "the context is missing"],
  ["a body", "Request Entity Too Large"],
  ["a loop", "Iterating over context messages failed"],
  ["a worker", "Handing over context to worker 3 failed"],
  ["more than that", "Moreover context: could not be loaded"],
  ["failover", "The failover context is not available"],
  ["a stack", "stack overflow context: worker crashed"],
  ["a cache", "KV cache over context budget"],
  ["a loop over tokens", "cannot loop over prompt tokens"],
  ["a lookup", "Looking beyond context of the request failed"],
  ["a scan", "context full scan failed"],
  ["context that is full of something", "context fully loaded, but the worker has died"],
  ["a month's tokens", "Monthly token limit exceeded for your organization"],
  ["a key's tokens", "Token limit exceeded for this API key"],
  ["a plan", "Prompt token count of 9000 exceeds the limit of your free plan"],
  ["a plan with a number", "Prompt token count of 9000 exceeds the limit of 8000 tokens of your free plan"],
  ["a tier", "Total prompt tokens exceed the limit allowed in your tier"],
  ["a tier that is the reason", "Input tokens exceed the configured limit of 8000 tokens for your tier"],
  ["a project", "Hourly input token limit exceeded for project"],
  ["a day's tokens", "Daily limit: Prompt token count of 9000 exceeds the limit of 8000"],
  ["a balance", "The requested token count exceeds the available balance"],
  [
    "OpenAI's Responses, max_output_tokens",
    "'max_output_tokens' of 9000 is greater than the maximum number of tokens 4096"
  ],
  ["output tokens", "The requested number of output tokens 9000 exceeds the maximum number of tokens 4096"],
  [
    "output tokens, as if by the context",
    "The requested output tokens 9000 exceeds the maximum context length of 4096"
  ],
  [
    "max_output_tokens, as if by the context",
    "'max_output_tokens' of 9000 is greater than the maximum context length of 4096"
  ],
  ["budget_tokens", "thinking.budget_tokens exceeds the maximum context length of 4096"],
  ["n_predict", "n_predict exceeds the maximum context length of 4096"],
  ["max_tokens that is a number too many", "max_tokens: 9000 > 4096, the maximum context length is 4096"],
  ["max_tokens that must be less", "max_tokens must be less than the maximum context length of 4096"],
  ["vLLM, of a bound that is none", "max_tokens must be at least 1, got -1."],
  ["vLLM, of a bound of nothing", "max_tokens must be at least 1, got 0."],
  ["logit_bias", "Too many tokens in logit_bias"],
  ["Bedrock, that is throttled", "Too many tokens, please wait before trying again."],
  ["tokens in a field", "Too many input tokens in logit_bias"],
  ["stop words", "Stop word is too long: max sequence length is 64"],
  ["sound", "Audio input is too long: max 30 s"],
  ["a field", "metadata value: input is too long"],
  ["a conversation", "The conversation is too long-lived"],
  ["a prompt's cache", "The prompt is too long-lived for the cache"],
  ["pictures", "request is too large for the server (images 25MB)"],
  ["a pause in Chinese", "输入超时，请重试"],
  ["a quota in Chinese", "输入token超出配额"],
  ["a tool's schema", "Invalid schema for function 'context_window': too many properties."]
]

describe("ContextLength", () => {
  it("knows at least fifty wordings of providers", () => assert.isAtLeast(tooLong.length, 50))

  for (const [who, message] of tooLong) {
    it(`knows that a prompt was too long as ${who} says it`, () => {
      for (const status of [400, 413, 422, 500]) {
        assert.isTrue(ContextLength.isExceeded(status, error(message)), String(status))
      }
    })

    it(`takes it for nothing of the kind in a 429, nor where the status says what else is wrong: ${who}`, () => {
      for (const status of [401, 402, 403, 404, 429]) {
        assert.isFalse(ContextLength.isExceeded(status, error(message)), String(status))
      }
    })
  }

  for (const [who, message] of otherwise) {
    it(`is not misled by ${who}`, () => {
      for (const status of [400, 413, 422, 429, 500]) {
        assert.isFalse(ContextLength.isExceeded(status, error(message)), String(status))
      }
    })
  }

  it("knows it by the code or the type, whatever the words and the status", () => {
    for (const over of [
      { code: "context_length_exceeded" },
      { code: "model_context_window_exceeded" },
      { code: "model_max_prompt_tokens_exceeded" },
      { code: "1261" },
      { code: "400", type: "exceed_context_size_error" },
      { type: "ContextWindowExceededError" },
      { code: "prompt_too_long" },
      { code: "tokens_limit_reached" },
      { code: "input_tokens_limit_exceeded" }
    ]) {
      for (const status of [400, 403, 413, 500, 502]) {
        assert.isTrue(ContextLength.isExceeded(status, error("no", over)), JSON.stringify(over))
      }
      assert.isFalse(ContextLength.isExceeded(429, error("no", over)))
    }
  })

  it("takes the parameter that is at fault by its name, and a limit of requests or tokens in time by its code", () => {
    const message = "This model's maximum context length is 4096 tokens."
    for (const param of ["max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens", "maxTokens"]) {
      assert.isFalse(ContextLength.isExceeded(400, error(message, { param })), param)
    }
    for (const param of ["n_predict", "thinking.budget_tokens"]) {
      assert.isFalse(ContextLength.isExceeded(400, error(message, { param })), param)
    }
    assert.isTrue(ContextLength.isExceeded(400, error(message, { param: "messages" })))
    const full = "max_tokens must be at least 1, got -5000"
    assert.isTrue(ContextLength.isExceeded(400, error(full, { param: "max_tokens" })))
    for (const code of [
      "audio_input_too_long",
      "input_tokens_limit_exceeded_per_day",
      "monthly_tokens_limit_reached"
    ]) {
      assert.isFalse(ContextLength.isExceeded(400, error("no", { code })), code)
    }
    assert.isFalse(ContextLength.isExceeded(413, error(message, { code: "rate_limit_exceeded", type: "tokens" })))
    assert.isFalse(ContextLength.isExceeded(400, error(message, { type: "insufficient_quota" })))
  })

  it("for any words and any status: what the caller is told, whose fault it is and what follows agree", () => {
    const messages = [...tooLong, ...otherwise].map(([, message]) => message)
    const any = fc.record({
      status: fc.constantFrom(400, 403, 413, 422, 429, 500, 502, 529),
      message: fc.oneof(fc.constantFrom(...messages), fc.string()),
      code: fc.option(fc.constantFrom("context_length_exceeded", "x"))
    })
    holds(any, ({ code, message, status }) => {
      const said = error(message, { code })
      const exceeds = ContextLength.isExceeded(status, said)
      const told = WireError.cutShort(new UpstreamErrored({ status, error: said }))
      if (exceeds) {
        const failure = new UpstreamRejected({ status, retryAfter: undefined, error: said })
        assert.isFalse(Blame.isBackends(failure, true))
        assert.strictEqual(told.code, "context_length_exceeded")
      } else assert.strictEqual(told.code, code === "context_length_exceeded" ? "rate_limit_exceeded" : code)
    })
  })
})
