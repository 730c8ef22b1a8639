import * as JsonObject from "../../json/JsonObject.js"

/** The ids of tool calls that a backend accepts: any, exactly nine letters or digits (Mistral), or `[A-Za-z0-9_-]` (Anthropic). */
export type Form = "keep" | "alnum9" | "safe"

/**
 * The messages with ids of tool calls in this form. Ids that fit stay; the others are mapped, the same id always to the
 * same one, and never to one that is in use.
 */
export const fit = (form: Form, messages: ReadonlyArray<unknown>): ReadonlyArray<unknown> => {
  if (form === "keep") return messages
  const ids = new Set(messages.flatMap(idsOf))
  const { fits, proposals } = forms[form]
  const taken = new Set([...ids].filter((id) => fits.test(id)))
  const mapped = new Map<string, string>()
  // How far the proposals that begin alike have been used up.
  const rounds = new Map<string, number>()
  for (const id of ids) {
    if (taken.has(id)) continue
    const propose = proposals(id)
    const first = propose(0)
    let round = rounds.get(first) ?? 0
    while (taken.has(propose(round))) round++
    rounds.set(first, round + 1)
    taken.add(propose(round))
    mapped.set(id, propose(round))
  }
  return mapped.size === 0 ? messages : messages.map((message) => withIds(message, mapped))
}

/** What is proposed for an id, round by round: a time in proportion to the id only before the first. */
type Proposals = (id: string) => (round: number) => string

const safe: Proposals = (id) => {
  const base = id.replace(/[^A-Za-z0-9_-]/g, "_")
  return (round) => (round === 0 ? base : `${base}_${round}`)
}

const alnum9: Proposals = (id) => {
  const lanes = absorb(seed, id)
  return (round) => digest(round === 0 ? lanes : absorb(lanes, `#${round}`))
}

const forms = {
  alnum9: { fits: /^[A-Za-z0-9]{9}$/, proposals: alnum9 },
  safe: { fits: /^[A-Za-z0-9_-]+$/, proposals: safe }
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
interface Lanes {
  readonly high: number
  readonly low: number
}

const seed: Lanes = { high: 0xdeadbeef, low: 0x41c6ce57 }

const absorb = (lanes: Lanes, text: string): Lanes => {
  let { high, low } = lanes
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    high = Math.imul(high ^ unit, 2_654_435_761)
    low = Math.imul(low ^ unit, 1_597_334_677)
  }
  return { high, low }
}

const digest = (lanes: Lanes): string => {
  let { high, low } = lanes
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909)
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909)
  const hash = 4_294_967_296 * (2_097_151 & low) + (high >>> 0)
  return (hash % 36 ** 9).toString(36).padStart(9, "0")
}
