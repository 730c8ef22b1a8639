import * as JsonObject from "./JsonObject.js"

/** The ids of tool calls that a backend accepts: any, exactly nine letters or digits (Mistral), or `[A-Za-z0-9_-]` (Anthropic). */
export type Form = "keep" | "alnum9" | "safe"

/**
 * The messages with ids of tool calls in this form. Ids that fit stay; the others are mapped, the same id always to the
 * same one, and never to one that is in use.
 */
export const fit = (form: Form, messages: ReadonlyArray<unknown>): ReadonlyArray<unknown> => {
  if (form === "keep") return messages
  const ids = new Set(messages.flatMap(idsOf))
  const fits = fitting[form]
  const taken = new Set([...ids].filter((id) => fits.test(id)))
  const mapped = new Map<string, string>()
  for (const id of ids) {
    if (taken.has(id)) continue
    let candidate = ""
    for (let round = 0; candidate === "" || taken.has(candidate); round++) candidate = propose[form](id, round)
    taken.add(candidate)
    mapped.set(id, candidate)
  }
  return mapped.size === 0 ? messages : messages.map((message) => withIds(message, mapped))
}

const fitting = { alnum9: /^[A-Za-z0-9]{9}$/, safe: /^[A-Za-z0-9_-]+$/ }

const propose = {
  alnum9: (id: string, round: number): string => digest(round === 0 ? id : `${id}#${round}`),
  safe: (id: string, round: number): string => `${id.replace(/[^A-Za-z0-9_-]/g, "_")}${round === 0 ? "" : `_${round}`}`
}

const idsOf = (message: unknown): ReadonlyArray<string> => {
  const { tool_call_id: answered, tool_calls: calls } = JsonObject.orEmpty(message)
  return [answered, ...JsonObject.listOf(calls).map((call) => JsonObject.orEmpty(call)["id"])]
    .map(JsonObject.text)
    .filter((id) => id !== undefined)
}

const withIds = (message: unknown, mapped: ReadonlyMap<string, string>): unknown => {
  if (!JsonObject.is(message)) return message
  const { tool_calls: calls } = message
  const answering = mappedTo(message["tool_call_id"], mapped)
  return {
    ...message,
    ...(answering === undefined ? {} : { tool_call_id: answering }),
    ...(Array.isArray(calls) ? { tool_calls: calls.map((call: unknown) => withId(call, mapped)) } : {})
  }
}

const withId = (call: unknown, mapped: ReadonlyMap<string, string>): unknown => {
  const id = JsonObject.is(call) ? mappedTo(call["id"], mapped) : undefined
  return id === undefined || !JsonObject.is(call) ? call : { ...call, id }
}

const mappedTo = (id: unknown, mapped: ReadonlyMap<string, string>): string | undefined =>
  typeof id === "string" ? mapped.get(id) : undefined

// Nine letters or digits of a 53-bit hash (cyrb53): the same for the same text, in every request.
const digest = (text: string): string => {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    high = Math.imul(high ^ unit, 2_654_435_761)
    low = Math.imul(low ^ unit, 1_597_334_677)
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909)
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909)
  const hash = 4_294_967_296 * (2_097_151 & low) + (high >>> 0)
  return (hash % 36 ** 9).toString(36).padStart(9, "0")
}
