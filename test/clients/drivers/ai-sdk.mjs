// Reads an answer with `ai` and `@ai-sdk/openai-compatible`.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible"
import { APICallError, generateText, jsonSchema, streamText, tool } from "ai"
import { argumentsOf, codeOf, countsOf, fieldsOf, settle } from "./normal.mjs"
import { serve } from "./serve.mjs"

const anything = () => tool({ inputSchema: jsonSchema({ type: "object" }) })
const tools = { get_weather: anything(), get_time: anything() }

const reasoned = [
  { role: "user", content: "Hi" },
  {
    role: "assistant",
    content: [
      { type: "reasoning", text: "I should look." },
      { type: "tool-call", toolCallId: "call_1", toolName: "get_weather", input: {} }
    ]
  },
  {
    role: "tool",
    content: [
      { type: "tool-result", toolCallId: "call_1", toolName: "get_weather", output: { type: "text", value: "Sunny." } }
    ]
  }
]

const optionsOf = (task) => {
  const provider = createOpenAICompatible({
    name: "causeway",
    baseURL: task.baseURL,
    apiKey: "sk-caller-key",
    includeUsage: task.usage
  })
  const messages = task.history === "reasoned" ? reasoned : [{ role: "user", content: "Hi" }]
  return task.kind === "completion"
    ? { model: provider.completionModel(task.model), prompt: "Hi", maxRetries: 0 }
    : { model: provider.chatModel(task.model), messages, tools, maxRetries: 0 }
}

const usageOf = ({ inputTokens, outputTokens, totalTokens }) => countsOf(inputTokens, outputTokens, totalTokens)

// Arguments that are no JSON stay a text.
const argsOf = (input) => (typeof input === "string" ? argumentsOf(input) : input)

const finishOf = (reason) => reason.replace("-", "_")

const toldOf = (error) => {
  try {
    return JSON.parse(error.responseBody).error ?? {}
  } catch {
    return error.data?.error ?? {}
  }
}

// For an error inside a stream the SDK guesses a status from its words.
const errorOf = (error) => {
  const code = codeOf(error.data?.error?.code ?? error.code)
  const status = APICallError.isInstance(error) ? (error.statusCode ?? null) : null
  return {
    status,
    message: String(error.message),
    code,
    // What it cannot read of a 200 is its own complaint.
    said: (status !== null && status >= 400) || code !== null,
    fields: fieldsOf(toldOf(error))
  }
}

const nothing = { text: "", reasoning: "", refusal: "", toolCalls: [], finish: null, usage: null, error: null }

const readWhole = async (task) => {
  const result = await generateText(optionsOf(task))
  return {
    ...nothing,
    text: result.text,
    reasoning: result.reasoningText ?? "",
    toolCalls: result.toolCalls.map(({ toolName, input }) => ({ name: toolName, args: argsOf(input) })),
    finish: finishOf(result.finishReason),
    usage: usageOf(result.usage)
  }
}

const readStream = async (task) => {
  const seen = structuredClone(nothing)
  const { fullStream } = streamText({ ...optionsOf(task), onError: () => {} })
  try {
    for await (const part of fullStream) take(seen, part)
  } catch (error) {
    // Behind the frame of an error the body does not end: the SDK tells of the one, and then of the other.
    seen.error ??= errorOf(error)
  }
  return seen
}

const take = (seen, part) => {
  if (part.type === "text-delta") seen.text += part.text
  else if (part.type === "reasoning-delta") seen.reasoning += part.text
  else if (part.type === "tool-call") seen.toolCalls.push({ name: part.toolName, args: argsOf(part.input) })
  else if (part.type === "error") seen.error ??= errorOf(part.error)
  else if (part.type === "finish") {
    seen.finish = finishOf(part.finishReason)
    seen.usage = usageOf(part.totalUsage)
  }
}

serve((task) =>
  (task.mode === "whole" ? readWhole : readStream)(task)
    .catch((error) => ({ ...nothing, error: errorOf(error) }))
    .then(settle)
)
