// Reads an answer with a client of the `openai` package, by iterating, by its `.stream()` helper, or whole.
import { argumentsOf, codeOf, countsOf, fieldsOf, settle, textOf } from "./normal.mjs"

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

const callOf = (call) =>
  call.custom === undefined
    ? { name: call.function.name, args: argumentsOf(call.function.arguments) }
    : { name: call.custom.name, args: call.custom.input }

const usageOf = (usage) =>
  usage == null ? null : countsOf(usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)

const tokensOf = (logprobs) => (logprobs?.content ?? []).map(({ token }) => token)

/** An error of an `openai` package; its `error` is what the backend said. */
export const errorOf = (error) => ({
  status: error.status ?? null,
  message: String(error.message),
  code: codeOf(error.code),
  said: error.status !== undefined || error.error !== undefined,
  fields: fieldsOf(error.error)
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
  extras: {},
  error: null
}

const known = {
  "": ["id", "object", "created", "model", "choices", "usage", "error", "obfuscation"],
  "choice.": ["index", "delta", "message", "text", "finish_reason", "logprobs"],
  "message.": ["role", "content", "refusal", "reasoning_content", "reasoning", "tool_calls", "function_call", "audio"],
  "call.": ["index", "id", "type", "function", "custom"],
  "function.": ["name", "arguments"]
}

const without = (object, names) =>
  Object.entries(object).filter(([key, value]) => value != null && !names.includes(key))

// Texts of deltas and lists go on, of everything else the last counts.
const gather = (extras, path, object, kind = path) => {
  for (const [key, value] of without(object ?? {}, known[kind])) {
    const name = `${path}${key}`
    const goesOn = Array.isArray(value) || (kind === "message." && typeof value === "string")
    extras[name] = goesOn && name in extras ? extras[name].concat(value) : value
  }
}

// Numbers that JSON.parse would change are the same only digit by digit.
const digitsOf = (text) =>
  (typeof text === "string" ? text : "").match(/-?\d+(\.\d+)?([eE][+-]?\d+)?/g)?.filter((n) => String(Number(n)) !== n)

const gatherDigits = (extras, calls) =>
  calls.forEach((call, at) => {
    const digits = digitsOf(call?.function?.arguments ?? call?.input) ?? []
    if (digits.length > 0) extras[`call.${at}.digits`] = digits
  })

const gatherCalls = (extras, calls) =>
  (Array.isArray(calls) ? calls : []).forEach((call, at) => {
    const path = `call.${call.index ?? at}.`
    gather(extras, path, call, "call.")
    gather(extras, `${path}function.`, call.function, "function.")
  })

const gatherAll = (extras, body) => {
  gather(extras, "", body)
  for (const choice of Array.isArray(body.choices) ? body.choices : []) {
    if (choice === null || (choice.index ?? 0) !== 0) continue
    const said = choice.delta ?? choice.message
    gather(extras, "choice.", choice)
    gather(extras, "message.", said)
    gatherCalls(extras, said?.tool_calls)
  }
}

const extrasOf = (body) => {
  const extras = {}
  gatherAll(extras, body)
  gatherDigits(extras, body.choices?.[0]?.message?.tool_calls ?? [])
  return extras
}

const answerOf = (completion, reasoning) => {
  const [first, ...rest] = completion.choices
  const { message } = first
  const calls = (message.tool_calls ?? []).map(callOf)
  const old = message.function_call
  return {
    text: message.content,
    reasoning,
    refusal: message.refusal,
    toolCalls: old ? [...calls, { name: old.name, args: argumentsOf(old.arguments) }] : calls,
    finish: first.finish_reason,
    usage: usageOf(completion.usage),
    logprobs: tokensOf(first.logprobs),
    transcript: message.audio?.transcript,
    others: rest.map((choice) => choice.message.content),
    extras: extrasOf(completion),
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
      others: rest.map(({ text }) => text),
      extras: extrasOf(completion)
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
    gatherAll(seen.extras, chunk)
    if (chunk.usage) seen.usage = usageOf(chunk.usage)
    for (const choice of chunk.choices) {
      if (choice.index > 0) {
        seen.others[choice.index - 1] = (seen.others[choice.index - 1] ?? "") + textOf(choice.text)
        continue
      }
      seen.text += textOf(choice.text)
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
    gatherAll(seen.extras, chunk)
    if (chunk.usage) seen.usage = usageOf(chunk.usage)
    for (const { index, delta, finish_reason: finish, logprobs } of chunk.choices) {
      if (index > 0) {
        seen.others[index - 1] = (seen.others[index - 1] ?? "") + textOf(delta.content)
        continue
      }
      seen.text += textOf(delta.content)
      seen.reasoning += textOf(delta.reasoning_content ?? delta.reasoning)
      seen.refusal += textOf(delta.refusal)
      seen.transcript += textOf(delta.audio?.transcript)
      seen.logprobs.push(...tokensOf(logprobs))
      if (finish != null) seen.finish = seen.finish === null ? finish : `${seen.finish}${finish}`
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
  gatherDigits(seen.extras, calls)
  const all = old ? [...calls.filter(Boolean), old] : calls.filter(Boolean)
  seen.toolCalls = all.map(({ name, input, custom }) => ({ name, args: custom ? input : argumentsOf(input) }))
  return seen
}

const readAny = (client, task, seen) => {
  if (task.mode === "whole") return readWhole(client, task)
  if (task.mode === "helper") return readHelper(client, task)
  return (task.kind === "completion" ? readCompletionStream : readStream)(client, task, seen)
}

/** Asks for one answer and says what the client made of it. */
export const read = async (client, task) => {
  const seen = structuredClone(nothing)
  try {
    return settle(await readAny(client, task, seen))
  } catch (error) {
    return settle({ ...seen, error: errorOf(error) })
  }
}
