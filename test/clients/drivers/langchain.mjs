// Reads an answer with `@langchain/openai`.
import { AIMessage, HumanMessage, ToolMessage } from "@langchain/core/messages"
import { ChatOpenAI, OpenAI } from "@langchain/openai"
import { argumentsOf, countsOf, settle, textOf } from "./normal.mjs"
import { errorOf as clientErrorOf } from "./openai.mjs"
import { serve } from "./serve.mjs"

const optionsOf = (task) => ({
  model: task.model,
  apiKey: "sk-caller-key",
  maxRetries: 0,
  streamUsage: task.usage,
  configuration: { baseURL: task.baseURL }
})

// It has no way to send reasoning back.
const reasoned = () => [
  new HumanMessage("Hi"),
  new AIMessage({ content: "", tool_calls: [{ id: "call_1", name: "get_weather", args: {} }] }),
  new ToolMessage({ tool_call_id: "call_1", content: "Sunny." })
]

const promptOf = ({ history }) => (history === "reasoned" ? reasoned() : "Hi")

const usageOf = (usage) => countsOf(usage?.input_tokens, usage?.output_tokens, usage?.total_tokens)

// A prompt that is too long has an error class of its own, around the client's error.
const errorOf = (error) => ({
  ...clientErrorOf(error.name === "ContextOverflowError" ? error.cause : error),
  message: String(error.message)
})

const nothing = { text: "", reasoning: "", refusal: "", toolCalls: [], finish: null, usage: null, error: null }

// With pictures, content is a list of blocks.
const textIn = (content) =>
  Array.isArray(content)
    ? content.map((block) => (block.type === "text" ? textOf(block.text) : "")).join("")
    : textOf(content)

const callsOf = (message) => {
  const old = message.additional_kwargs.function_call
  const calls = (message.tool_calls ?? []).map(({ name, args }) => ({ name, args }))
  return old ? [...calls, { name: old.name, args: argumentsOf(old.arguments) }] : calls
}

const answerOf = (message) => ({
  ...nothing,
  text: textIn(message.content),
  reasoning: message.additional_kwargs.reasoning_content ?? "",
  toolCalls: callsOf(message),
  finish: message.response_metadata.finish_reason ?? null,
  usage: usageOf(message.usage_metadata)
})

const readStream = async (task, seen) => {
  let all
  for await (const chunk of await new ChatOpenAI(optionsOf(task)).stream(promptOf(task))) {
    seen.text += textIn(chunk.content)
    all = all === undefined ? chunk : all.concat(chunk)
  }
  return answerOf(all)
}

// The stream of the old completions is text and nothing else.
const readTextStream = async (task, seen) => {
  for await (const text of await new OpenAI(optionsOf(task)).stream("Hi")) seen.text += textOf(text)
  return seen
}

const readText = async (task) => {
  const { generations, llmOutput } = await new OpenAI(optionsOf(task)).generate(["Hi"])
  const [[first]] = generations
  const { promptTokens, completionTokens, totalTokens } = llmOutput.tokenUsage
  return {
    ...nothing,
    text: first.text,
    finish: first.generationInfo.finishReason,
    usage: countsOf(promptTokens, completionTokens, totalTokens)
  }
}

const readAny = async (task, seen) => {
  if (task.kind === "completion") return task.mode === "whole" ? readText(task) : readTextStream(task, seen)
  if (task.mode === "stream") return readStream(task, seen)
  return answerOf(await new ChatOpenAI(optionsOf(task)).invoke(promptOf(task)))
}

serve(async (task) => {
  const seen = structuredClone(nothing)
  try {
    return settle(await readAny(task, seen))
  } catch (error) {
    return settle({ ...seen, error: errorOf(error) })
  }
})
