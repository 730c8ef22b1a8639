import * as JsonObject from "../../src/domain/json/JsonObject.js"
import type { Chance } from "./Chance.js"

type Chunks = ReadonlyArray<JsonObject.JsonObject>

/** Some bytes like these. */
type Spoiler = (bytes: Uint8Array, chance: Chance) => Uint8Array

const nested = (depth: number): unknown => JSON.parse(`${'{"a":['.repeat(depth)}${"]}".repeat(depth)}`)
const shallow = nested(20)
const deep = nested(3000)
const hostile: unknown = JSON.parse(
  '{"__proto__":{"role":"x","tool_calls":[1],"index":0},"constructor":1,"toString":1,"valueOf":1,"length":9,"content":"c"}'
)

const values: readonly [unknown, ...ReadonlyArray<unknown>] = [
  null,
  ...[true, false, 0, 1, -1, 1.5, 127, 128, 1e9, 2 ** 53, 1e300],
  ...["", "x", "0", "[DONE]", "stop", "error", "\u0000\u2028\uD800", "assistant", "data: x\n\n", "__proto__"],
  [],
  {},
  [null],
  [[[]]],
  ["x", 1, {}],
  { index: 0 },
  { error: {} },
  { usage: {} },
  { prompt_tokens: 1e400, total_tokens: -5 },
  { text: "t", type: "text" },
  { code: { toString: 1, valueOf: 1 }, status: [500], message: { detail: [[1]] }, type: { toString: 0 } },
  hostile,
  shallow
]

const keys = [
  ...["__proto__", "constructor", "toString", "index", "id", "error", "usage", "choices", "delta", "message", "role"],
  ...["tool_calls", "function", "custom", "arguments", "name", "finish_reason", "logprobs", "content", "audio", "text"],
  ...["refusal", "expires_at", "object", "created", "model", "function_call", "annotations", "reasoning_details", "x"]
]

const someValue = (chance: Chance): unknown => (chance.happens(0.01) ? deep : chance.pick(values))

const someKey = (chance: Chance): string => keys[chance.below(keys.length)] ?? "x"

/** A value like this one, wrong in one random place. */
export const spoilJson = (value: unknown, chance: Chance): unknown => {
  if (Array.isArray(value)) return spoilList(value, chance)
  if (!JsonObject.is(value) || chance.happens(0.1)) return someValue(chance)
  const entries = Object.entries(value)
  const at = chance.below(entries.length + 1)
  const [key, inner] = entries[at] ?? [someKey(chance), undefined]
  // A key by this name cannot be assigned, only defined.
  const next = inner === undefined ? someValue(chance) : spoilJson(inner, chance)
  const others = chance.happens(0.1) ? entries.filter(([other]) => other !== key) : entries
  return Object.fromEntries([...others, ...(others === entries ? [[key, next]] : [])])
}

const spoilList = (list: ReadonlyArray<unknown>, chance: Chance): unknown => {
  if (list.length === 0 || chance.happens(0.1)) return someValue(chance)
  const at = chance.below(list.length)
  if (chance.happens(0.1)) return [...list, list[at]]
  return list.map((item, n) => (n === at ? spoilJson(item, chance) : item))
}

/** A stream like this one: some events wrong, lost, doubled, moved, or from elsewhere. */
export const spoilChunks = (chunks: Chunks, other: Chunks, chance: Chance): ReadonlyArray<unknown> => {
  const list: Array<unknown> = [...chunks]
  for (let rounds = chance.below(5); rounds > 0; rounds--) {
    const at = chance.below(list.length)
    const event = list[at]
    const how = chance.below(8)
    if (how < 4) list[at] = spoilJson(event, chance)
    else if (how === 4) list.splice(at, 1)
    else if (how === 5) list.splice(chance.below(list.length + 1), 0, event)
    else if (how === 6) list.splice(chance.below(list.length), 0, ...list.splice(at, 1))
    else list.splice(at, 0, other[chance.below(other.length)])
  }
  return list
}

const snippets: readonly [string, ...ReadonlyArray<string>] = [
  "\n",
  ...[
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    "\uFEFF",
    ": ping\n\n",
    "data: [DONE]\n\n",
    "data:\n\n",
    "event: error\n",
    "data: {}\n\n"
  ],
  ...["error: {}\n", 'error: {"code":{"toString":1}}\n\n', 'event: error\ndata: {"a":1}\n\n', "id: 1\n", "retry: x\n"],
  ...['data: {"error":"boom"}\n\n', "<html></html>", "\u0000", '"', "{", "}", "[", "\\", "1e999", "data: [1]\n\n"],
  `event: error\ndata: ${"[".repeat(20_000)}${"]".repeat(20_000)}\n\n`,
  `data: ${'{"choices":['.repeat(5000)}${"]}".repeat(5000)}\n\n`
]

const splice = (bytes: Uint8Array, at: number, removed: number, added: Uint8Array): Uint8Array =>
  Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + removed)])

const noise = (length: number, chance: Chance): Uint8Array => Uint8Array.from({ length }, () => chance.below(256))

const spoilers: readonly [Spoiler, ...ReadonlyArray<Spoiler>] = [
  (bytes, chance) => {
    const flipped = Uint8Array.from(bytes)
    const at = chance.below(flipped.length)
    flipped[at] = (flipped[at] ?? 0) ^ (1 << chance.below(8))
    return flipped
  },
  (bytes, chance) => bytes.subarray(0, chance.below(bytes.length + 1)),
  (bytes, chance) => bytes.subarray(chance.below(bytes.length + 1)),
  (bytes, chance) => splice(bytes, chance.below(bytes.length + 1), chance.below(20), noise(chance.below(8), chance)),
  (bytes, chance) => splice(bytes, chance.below(bytes.length + 1), 0, Buffer.from(chance.pick(snippets))),
  (bytes, chance) => {
    const from = chance.below(bytes.length + 1)
    return splice(bytes, chance.below(bytes.length + 1), 0, bytes.subarray(from, from + chance.below(200)))
  },
  (bytes, chance) => splice(bytes, chance.below(bytes.length + 1), 0, Buffer.alloc(chance.below(6000), "a"))
]

/** Bytes like these, wrong in a few places; now and then nothing but noise. */
export const spoilBytes: Spoiler = (bytes, chance) => {
  if (chance.happens(0.02)) return noise(chance.below(400), chance)
  let spoilt = bytes
  for (let rounds = Math.max(0, chance.below(6) - 2); rounds > 0; rounds--)
    spoilt = chance.pick(spoilers)(spoilt, chance)
  return spoilt
}

/** The same bytes in pieces. */
export const cut = (bytes: Uint8Array, chance: Chance): ReadonlyArray<Uint8Array> => {
  const pieces: Array<Uint8Array> = []
  const most = chance.pick([16, 200, 5000, 100_000])
  for (let at = 0; at < bytes.length;) {
    const size = 1 + chance.below(most)
    pieces.push(bytes.subarray(at, at + size))
    at += size
  }
  return pieces
}
