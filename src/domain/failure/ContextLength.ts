import type { ErrorBody } from "./ErrorBody.js"
import * as ErrorText from "./ErrorText.js"

/** The code of an error that says that a prompt is longer than the model's context. */
export const code = "context_length_exceeded"

/**
 * Whether a backend's error says that the prompt is longer than the model's context: by its code or type, or by its words
 * where its status does not say something else. A 429 never does, nor what speaks of a limit in time or of an account,
 * nor a bound of the answer's length that is too large for the model.
 */
export const isExceeded = (status: number, { code, message, param, type }: ErrorBody): boolean => {
  if (status === 429 || isLimit(`${code} ${type}`)) return false
  if (isName(code) || isName(type) || code === zhipu) return true
  if (otherwise.includes(status)) return false
  const words = plain(message)
  return noRoom.test(words) || (!isAnswers(param) && isWorded(words))
}

/** Whether a code or type of an error is one by which somebody says so. */
export const isName = (name: string | null): boolean => name !== null && names.test(name)

/** Whether a text says so, in the words of a server or provider. */
export const isWording = (text: string): boolean => {
  const words = plain(text)
  return noRoom.test(words) || isWorded(words)
}

const isWorded = (words: string): boolean =>
  !limits.some((each) => each.test(words)) &&
  !ofTheAnswer.some((each) => each.test(words)) &&
  wordings.some(([, each]) => each.test(words))

const plain = (text: string): string => ErrorText.plain(text.slice(0, longest))

/** So much of a text is looked at, in characters. */
const longest = 4_000

/** Statuses that say what else is wrong. */
const otherwise: ReadonlyArray<number> = [401, 402, 403, 404, 408, 409]

const names =
  /context_?length_?exceeded|exceed_context_size|context_?window_?exceeded|^(?:prompt|input|context)_too_long|max_prompt_tokens_exceeded|^(?:tokens_limit_reached|input_tokens_limit_exceeded)$/i

const zhipu = "1261"

const isLimit = (names: string): boolean => /rate_?limit|quota|throttl/i.test(names)

const isAnswers = (param: string | null): boolean =>
  param !== null &&
  /^(?:max_?(?:completion_?|output_?|new_?)?tokens|n_predict|(?:thinking\.)?budget_?tokens|logit_bias|stop)$/i.test(
    param
  )

// What vLLM says where the prompt leaves no room for the answer; -1 is what callers send who want no bound.
const noRoom = /max_(?:completion_)?tokens must be at least 1, got -(?!1\b)\d/

/** Limits in time, and of who asks. */
const limits: ReadonlyArray<RegExp> = [
  /\bper (?:minute|min|second|hour|day|month)\b|\brate[ _-]?limit|\b[tr]p[md]\b|\bquota\b|tokens?\/(?:min|day|hour|sec)/,
  /\b(?:hourly|daily|weekly|monthly)\b|\b(?:your|this|the|free|current|available|api) (?:plan|tier|organi[sz]ation|account|project|key|balance|subscription|workspace)\b/
]

// A bound of the answer's length, which is the caller's to mend; not one that is added to the prompt's.
const ofTheAnswer: ReadonlyArray<RegExp> = [
  /max_?(?:\w{1,12}_)?tokens (?:or max_\w{1,12}_tokens )?(?:value |parameter )?(?:of )?(?:\(?\d{1,9}\)? )?(?:is too |is greater |is larger |exceeds )/,
  /(?<!\+ |\band )\bmax_?(?:\w{1,12}_)?tokens (?:value )?(?:must|should|cannot|has to|may not)\b/,
  /max_?(?:\w{1,12}_)?tokens ?[:=] ?\d{1,9} ?(?:>|exceeds)/,
  /(?<!\+ |\band )\b(?:n_predict|budget_?tokens|thinking\.budget_?tokens|(?:output|completion|reasoning|thinking) tokens)(?: of)?(?: \(?\d{1,9}\)?)? (?:is (?:too|greater|larger)|exceeds?|must|should|cannot)\b/
]

/** Who says so, and the words that nobody else uses for something else. */
const wordings: ReadonlyArray<readonly [who: string, words: RegExp]> = [
  ["OpenAI, Azure, vLLM, DeepSeek, OpenRouter", /\bmax(?:imum)? context (?:length|window|size)(?: is| of|:)? \(?\d/],
  ["OpenAI's Responses", /\binput exceeds the context window of this model/],
  ["OpenAI's older models", /reduce your prompt; or completion length/],
  ["Groq, Cerebras, vLLM", /reduce the length of (?:the |your )?(?:input )?(?:messages|prompt)\b/],
  ["Azure", /\binput tokens exceed the configured limit of \d/],
  ["GitHub Models", /request body too large for \S{1,80} model\. max size: \d/],
  ["GitHub Copilot", /\bprompt token count of \d{1,9} exceeds the limit of \d/],
  ["Anthropic", /\bprompt is too long(?![\w-])/],
  ["Anthropic, with room for the answer", /\binput length and max_tokens exceed context limit/],
  ["Bedrock", /\binput is too long for requested model/],
  ["Bedrock, Cohere", /\btoo many (?:input|prompt) tokens(?:[.,:;]|$)/],
  ["AI21", /^(?:[\w.]{1,60}(?:error|exception): )?(?:the )?(?:input|conversation) is too long[.!]?$/],
  ["Cohere", /too many tokens: (?:size limit exceeded|total number of tokens in the prompt)/],
  ["Gemini", /\binput token count (?:\(\d{1,9}\) )?exceeds the maximum number of (?:input )?tokens/],
  ["Vertex", /\binput token count is \d{1,9} but (?:the )?model only supports up to \d/],
  ["xAI", /\bmaximum prompt length is \d/],
  ["Mistral", /\btokens, too large for model with \d/],
  ["vLLM", /\bis longer than the maximum model length of \d/],
  ["newer vLLM, LM Studio", /\bcontext length (?:is|of) only \d/],
  ["SGLang, Together", /\binput \(\d{1,9} tokens\) is longer than the models? context length/],
  ["older SGLang", /\binput length \(\d{1,9} tokens\) exceeds the maximum allowed length/],
  ["llama.cpp", /\bexceeds the available context size/],
  ["llama.cpp in a stream, Perplexity", /\bcontext (?:length|window|size) (?:has been )?exceeded\b/],
  ["older llama.cpp", /\bprompt is too big \(\d{1,9}\) compared to kv size/],
  ["llama-cpp-python", /\brequested tokens \(\d{1,9}\) exceed context window of \d/],
  ["Ollama", /\binput length exceeds (?:the |models? )?(?:maximum )?context length/],
  ["newer Ollama", /\bexceeded max context length by \d/],
  ["LM Studio", /tokens when context the overflows|tokens to keep from the initial prompt is greater than the context/],
  ["LM Studio, in the middle", /\breached context length of \d/],
  ["TGI, Together", /\binputs tokens \+ max_new_tokens must be <= ?\d/],
  ["TGI, of the prompt", /\binputs must have less than \d{1,9} tokens/],
  ["tabbyAPI", /\bcontext length \d{1,9} is greater than max_seq_len/],
  ["TensorRT-LLM", /\bsum of prompt length \(\d|\bprompt length (?:\(?\d{1,9}\)? )?exceeds max_seq_len/],
  [
    "NVIDIA, OpenRouter's own",
    /\b(?:input|prompt) length \(?\d{1,9}\)? exceeds (?:the )?maximum (?:allowed )?input length/
  ],
  ["Transformers", /\blonger than the specified maximum sequence length for this model/],
  ["LiteLLM", /\bcontextwindowexceedederror\b|\bcontext_length_exceeded\b/],
  ["DS4", /\bprompt has \d{1,9} tokens, but the (?:configured context size|limit) is \d/],
  ["Moonshot", /\brequest exceeded (?:model token limit|max tokens of the context)/],
  ["DashScope", /\brange of input length should be \[/],
  ["SiliconFlow", /\blength of prompt_tokens \(\d{1,9}\) must be less than max_seq_len/],
  ["MiniMax", /\bcontext window exceeds limit/],
  ["Volcengine", /\bexceed max message tokens/],
  ["Baidu", /\bprompt tokens too long|\bthe max input characters is \d/],
  ["Zhipu", /\bprompt exceeds max length|\bprompt ?超长/],
  ["Hunyuan", /输入.{0,8}(?:长度|token).{0,4}超[过出].{0,4}(?:模型|上下文|最大)/],
  ["others in Chinese", /(?:输入|prompt)(?:内容|文本)?过长|超[过出](?:模型)?最大(?:上下文|输入)长度/]
]
