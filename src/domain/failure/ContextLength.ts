import type { ErrorBody } from "./ErrorBody.js"

/** The code of an error that says that a prompt is longer than the model's context. */
export const code = "context_length_exceeded"

/**
 * Whether a backend's error says that the prompt is longer than the model's context: by its code or type, or by its words
 * where its status does not say something else. A 429 never does, nor what speaks of a limit in time, nor a bound of
 * the answer's length that is too large for the model.
 */
export const isExceeded = (status: number, error: ErrorBody): boolean => {
  if (status === 429 || isLimit(`${error.code} ${error.type}`)) return false
  if (names.test(`${error.code} ${error.type}`) || error.code === zhipu) return true
  return !otherwise.includes(status) && !isAnswers(error.param) && isWording(error.message)
}

/** Whether a text says so, in the words of any provider. */
export const isWording = (text: string): boolean => {
  const words = text
    .slice(0, longest)
    .toLowerCase()
    .replace(/[`'"‘’“”*]/g, "")
  return (
    !inTime.test(words) && !ofTheAnswer.some((each) => each.test(words)) && wordings.some((each) => each.test(words))
  )
}

/** So much of a text is looked at, in characters. */
const longest = 4_000

/** Statuses that say what else is wrong. */
const otherwise: ReadonlyArray<number> = [401, 402, 403, 404, 408, 409]

const names =
  /context_?length_?exceeded|exceed_context_size|context_?window_?exceeded|(?:prompt|input|context)_too_long|max_prompt_tokens_exceeded/i

const zhipu = "1261"

const isLimit = (names: string): boolean => /rate_?limit|quota|throttl/i.test(names)

const isAnswers = (param: string | null): boolean =>
  param !== null && /^max_?(?:completion_?|output_?|new_?)?tokens$/i.test(param)

const inTime =
  /\bper (?:minute|min|second|hour|day|month)\b|\brate[ _-]?limit|\b[tr]p[md]\b|\bquota\b|tokens?\/(?:min|day|hour|sec)/

// A bound of the answer's length, which is the caller's to mend; not one that is added to the prompt's.
const ofTheAnswer: ReadonlyArray<RegExp> = [
  /max_?(?:\w{1,12}_)?tokens (?:or max_\w{1,12}_tokens )?(?:value |parameter )?(?:\(\d{1,9}\) )?(?:is too |is greater |is larger |exceeds )/,
  /(?:^|[^+d] )max_?(?:\w{1,12}_)?tokens (?:value )?(?:must|should|cannot|has to|may not)\b/,
  /max_?(?:\w{1,12}_)?tokens ?[:=] ?\d{1,9} ?(?:>|exceeds)/,
  /(?:invalid|range of|value for) max_?(?:\w{1,12}_)?tokens/,
  /max ?output ?tokens (?:value|must|should|is|exceed)|maximum allowed number of output tokens|completion tokens, whereas/,
  /max tokens must|maximum tokens you requested|max_?(?:\w{1,12}_)?tokens range/
]

// Quotation marks have been taken out, and capitals.
const wordings: ReadonlyArray<RegExp> = [
  // OpenAI, Azure, vLLM, OpenRouter, DeepSeek, Together, Fireworks, Databricks
  /(?:maximum|max) (?:model |total )?(?:context|sequence) (?:length|window|size)/,
  /maximum prompt length is|maximum input length of \d/,
  /(?:exceed(?:s|ed|ing)?|longer than|greater than|larger than|over|beyond|overflows?) (?:(?:the|its|this|your|models?|available|maximum|max|allowed|total|supported) ){0,6}(?:context|model length|input (?:length|tokens?)|prompt (?:length|tokens?)|model token limit|number of tokens|num_ctx|n_ctx)/,
  /context_?(?: ?length| ?window| ?size| ?limit)? (?:is |was |has been |limit |length )?(?:exceed(?:ed|s)|overflow|full)/,
  /configured context size|context length is only|context_?length_?exceeded|exceeded max context/,
  // Anthropic, Bedrock, AI21
  /(?:prompt|input|inputs|messages|conversation|request) (?:is|are|was|were|length is) (?:\w{1,12} )?too (?:long|large for)/,
  /(?:prompt|input|prompt length|input length) too long/,
  // Cohere
  /too many (?:input |prompt )?tokens/,
  // Gemini, GitHub Copilot, OpenAI's and Azure's newer models
  /(?:token count|input tokens|prompt tokens|token limit)[^.]{0,60} ?exceed(?:s|ed)? (?:the )?(?:maximum|limit|configured|models?|allowed|for)/,
  /(?:input|prompt) (?:token )?(?:count|length|tokens)[^.]{0,40} exceeds? (?:the )?(?:maximum|limit|models?|allowed)/,
  /requested tokens? (?:\(\d{1,9}\) |count )?exceeds?/,
  // Groq, Cerebras, vLLM
  /reduce the length of (?:the |your )?(?:input )?(?:messages|input|prompt|conversation)|reduce (?:the|your) prompt\b/,
  /tokens in the prompt cannot exceed|too large for model with \d/,
  // TGI
  /inputs tokens \+ max_new_tokens must be|inputs must have less than \d{1,9} tokens/,
  // LM Studio
  /when context the overflows|tokens to keep from the initial prompt is greater|reached context length/,
  // NVIDIA
  /sum of prompt length|prompt length [^.]{0,40}should not exceed/,
  // Moonshot, DashScope, Zhipu, Volcengine
  /exceeded model token limit|exceeded max tokens|range of input length should be|prompt exceeds max length/,
  /exceed max message tokens|prompt ?超长|输入.{0,12}(?:超|过长)|超[过出](?:模型)?最大(?:上下文|输入)?长度/
]
