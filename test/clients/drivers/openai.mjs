// Reads an answer with a client of the `openai` package, by iterating, by its `.stream()` helper, or whole.

const prompt = { messages: [{ role: "user", content: "Hi" }] }

const reasoned = {
  messages: [
    { role: "user", content: "Hi" },
    {
      role: "assistant",
      content: "",
      reasoning_content: "I should look.",
      tool_calls: [{ id: "call_1", type: "function", function: { name: "get_weather", arguments: "{}" } }]
    },
    { role: "tool", tool_call_id: "call_1", content: "Sunny." }
  ]
}

const bodyOf = ({ model, kind, history, usage }, stream) => ({
  model,
  ...(kind === "completion" ? { prompt: "Hi" } : history === "reasoned" ? reasoned : prompt),
  ...(stream ? { stream: true } : {}),
  ...(stream && usage ? { stream_options: { include_usage: true } } : {})
})

const parse = (text) => (text === "" ? {} : JSON.parse(text))

const callOf = (call) =>
  call.custom === undefined
    ? { name: call.function.name, args: parse(call.function.arguments) }
    : { name: call.custom.name, args: call.custom.input }

const usageOf = (usage) =>
  usage == null ? null : { prompt: usage.prompt_tokens, completion: usage.completion_tokens, total: usage.total_tokens }

const tokensOf = (logprobs) => (logprobs?.content ?? []).map(({ token }) => token)

export const errorOf = (error) => ({
  status: error.status ?? null,
  message: String(error.message),
  code: error.code ?? null
})

const nothing = {
  text: "",
  reasoning: "",
  refusal: "",
  toolCalls: [],
  finish: null,
  usage: null,
  logprobs: [],
  transcript: "",
  others: [],
  error: null
}

const answerOf = (completion, reasoning) => {
  const [first, ...rest] = completion.choices
  const { message } = first
  const calls = (message.tool_calls ?? []).map(callOf)
  const old = message.function_call
  return {
    text: message.content ?? "",
    reasoning,
    refusal: message.refusal ?? "",
    toolCalls: old ? [...calls, { name: old.name, args: parse(old.arguments) }] : calls,
    finish: first.finish_reason,
    usage: usageOf(completion.usage),
    logprobs: tokensOf(first.logprobs),
    transcript: message.audio?.transcript ?? "",
    others: rest.map((choice) => choice.message.content ?? ""),
    error: null
  }
}

const readWhole = async (client, task) => {
  if (task.kind === "completion") {
    const completion = await client.completions.create(bodyOf(task, false))
    const [first, ...rest] = completion.choices
    return {
      ...nothing,
      text: first.text,
      finish: first.finish_reason,
      usage: usageOf(completion.usage),
      logprobs: first.logprobs?.tokens ?? [],
      others: rest.map(({ text }) => text)
    }
  }
  const completion = await client.chat.completions.create(bodyOf(task, false))
  const { message } = completion.choices[0]
  return answerOf(completion, message.reasoning_content ?? message.reasoning ?? "")
}

// The helper keeps only the last piece of what it does not know, such as reasoning.
const readHelper = async (client, task) => {
  const completion = await client.chat.completions.stream(bodyOf(task, true)).finalChatCompletion()
  return answerOf(completion, "")
}

const readCompletionStream = async (client, task, seen) => {
  for await (const chunk of await client.completions.create(bodyOf(task, true))) {
    if (chunk.usage) seen.usage = usageOf(chunk.usage)
    for (const choice of chunk.choices) {
      if (choice.index > 0) {
        seen.others[choice.index - 1] = (seen.others[choice.index - 1] ?? "") + choice.text
        continue
      }
      seen.text += choice.text
      seen.logprobs.push(...(choice.logprobs?.tokens ?? []))
      seen.finish = choice.finish_reason ?? seen.finish
    }
  }
  return seen
}

const readStream = async (client, task, seen) => {
  const calls = []
  let old
  for await (const chunk of await client.chat.completions.create(bodyOf(task, true))) {
    if (chunk.usage) seen.usage = usageOf(chunk.usage)
    for (const { index, delta, finish_reason: finish, logprobs } of chunk.choices) {
      if (index > 0) {
        seen.others[index - 1] = (seen.others[index - 1] ?? "") + (delta.content ?? "")
        continue
      }
      seen.text += delta.content ?? ""
      seen.reasoning += delta.reasoning_content ?? delta.reasoning ?? ""
      seen.refusal += delta.refusal ?? ""
      seen.transcript += delta.audio?.transcript ?? ""
      seen.logprobs.push(...tokensOf(logprobs))
      if (finish !== null) seen.finish = seen.finish === null ? finish : `${seen.finish}${finish}`
      for (const call of delta.tool_calls ?? []) {
        const body = call.function ?? call.custom
        const slot = (calls[call.index] ??= { name: "", input: "", custom: call.type === "custom" })
        slot.name += body.name ?? ""
        slot.input += body.arguments ?? body.input ?? ""
      }
      if (delta.function_call) {
        old ??= { name: "", input: "", custom: false }
        old.name += delta.function_call.name ?? ""
        old.input += delta.function_call.arguments ?? ""
      }
    }
  }
  const all = old ? [...calls, old] : calls
  seen.toolCalls = all.map(({ name, input, custom }) => ({ name, args: custom ? input : parse(input) }))
  return seen
}

/** Asks for one answer and says what the client made of it. */
export const read = async (client, task) => {
  const seen = structuredClone(nothing)
  try {
    if (task.mode === "whole") return await readWhole(client, task)
    if (task.mode === "helper") return await readHelper(client, task)
    return await (task.kind === "completion" ? readCompletionStream : readStream)(client, task, seen)
  } catch (error) {
    return { ...seen, error: errorOf(error) }
  }
}
