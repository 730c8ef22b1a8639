import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Accumulator from "../../src/domain/chat/answer/Accumulator.js"
import type { Backend } from "../../src/domain/backend/Backend.js"
import * as AnswerChunk from "../../src/domain/chat/answer/AnswerChunk.js"
import * as AnswerRepair from "../../src/domain/chat/answer/AnswerRepair.js"
import * as GatewayConfig from "../../src/domain/config/GatewayConfig.js"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import type { Conversation } from "../../src/domain/operation/Operation.js"

/** Fails unless the claim holds for every generated value; the same values each time. */
export const holds = <A>(arbitrary: fc.Arbitrary<A>, claim: (value: A) => void, numRuns = 200): void =>
  fc.assert(fc.property(arbitrary, claim), { seed: 20_261_113, numRuns })

/** Seeded random numbers in [0, 1) (mulberry32). */
export const random = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

// Backends

/** An entry of `openai_clients` as an operator writes it. */
export type Entry = GatewayConfig.Plain["openai_clients"][number]

/** An entry with nothing but what is required, and `over`. */
export const entry = (over: Partial<Entry> = {}): Entry => ({
  name: "a",
  base_url: "https://api.example.com/v1",
  model_match: { type: "exact", value: ["m"] },
  ...over
})

/** The backends of a valid configuration with these entries. */
export const backends = (...entries: ReadonlyArray<Entry>): ReadonlyArray<Backend> =>
  Either.getOrThrowWith(
    GatewayConfig.decode({ openai_clients: entries }),
    (issues) => new Error(issues.map((issue) => issue.message).join("; "))
  ).backends

const [plain] = backends(entry())

/** One backend of a valid configuration. */
export const backend = (over: Partial<Entry> = {}): Backend => {
  const [decoded] = backends(entry(over))
  if (decoded === undefined) throw new Error("no backend")
  return decoded
}

const someBackend = (over: Partial<Backend>): Backend => {
  if (plain === undefined) throw new Error("no backend")
  return { ...plain, ...over }
}

/** Any set of backends: overlapping claims, any weights, fallbacks in any direction, to themselves too. */
export const anyBackends: fc.Arbitrary<ReadonlyArray<Backend>> = fc
  .array(
    fc.record({
      type: fc.constantFrom<Backend["match"]["type"]>("exact", "exact", "keyword", "keyword", "any"),
      value: fc.array(fc.constantFrom("m0", "m1", "m2", "m", "m*", "*1", "x*x"), { minLength: 1, maxLength: 3 }),
      models: fc.constantFrom({}, {}, {}, { m0: "m1" }, { m1: "their-m1", own: "m2" }),
      weight: fc.constantFrom(0, 0.1, 1, 1, 5),
      fallback: fc.option(fc.constantFrom("m0", "m1", "m2", "b0", "b1", "b2", "b3"))
    }),
    { minLength: 1, maxLength: 5 }
  )
  .map((list) =>
    list.map(({ type, value, models, weight, fallback }, index) =>
      someBackend({
        name: `b${index}`,
        match: { type, value: type === "any" ? [] : value },
        models,
        weight,
        fallback: Option.fromNullable(fallback)
      })
    )
  )

// Answers

/** What a repair is made with; id, model and time are those of {@link anyAnswer}. */
export const options = (over: Partial<AnswerRepair.Options> = {}): AnswerRepair.Options => ({
  operation: "chat",
  id: "id-1",
  model: "m",
  created: 1_700_000_000,
  prefix: "",
  includeUsage: true,
  passUsage: false,
  isOnly: false,
  cumulative: false,
  ...over
})

/** A chunk as a well-behaved backend sends it. */
export const chunk = (choices: ReadonlyArray<unknown>, over: JsonObject.JsonObject = {}): JsonObject.JsonObject => ({
  id: "id-1",
  object: "chat.completion.chunk",
  created: 1_700_000_000,
  model: "m",
  choices,
  ...over
})

/** A chunk of one choice. */
export const delta = (
  fields: JsonObject.JsonObject,
  finish: string | null = null,
  over: JsonObject.JsonObject = {}
): JsonObject.JsonObject => chunk([{ index: 0, delta: fields, finish_reason: finish }], over)

/** What a stream of chunks became. */
export interface Repaired {
  readonly chunks: ReadonlyArray<JsonObject.JsonObject>
  readonly end: AnswerRepair.StreamEnd | undefined
  readonly usage: JsonObject.JsonObject | undefined
}

/** Repairs the chunks of a stream; texts are the data of an event as it is. */
export const repair = (
  events: ReadonlyArray<JsonObject.JsonObject | string>,
  over: Partial<AnswerRepair.Options> = {}
): Repaired => {
  const stream = AnswerRepair.make(options(over))
  const steps = events.map((data) =>
    stream.push({ event: undefined, data: typeof data === "string" ? data : JSON.stringify(data) })
  )
  steps.push(stream.end())
  return {
    chunks: steps.flatMap((step) => step.chunks.map((chunk) => chunk.value())),
    end: steps.find((step) => step.end !== undefined)?.end,
    usage: stream.usage()
  }
}

/** Repairs a whole answer. */
export const repairWhole = (body: JsonObject.JsonObject, over: Partial<AnswerRepair.Options> = {}): Repaired => {
  const stream = AnswerRepair.make(options(over))
  const { chunks, end } = stream.pushWhole(body)
  return { chunks: chunks.map((chunk) => chunk.value()), end, usage: stream.usage() }
}

/** The body that repaired chunks add up to. */
export const assemble = (
  { chunks, usage }: Repaired,
  operation: Conversation = "chat"
): JsonObject.JsonObject | undefined => {
  const accumulator = Accumulator.make(operation)
  for (const chunk of chunks) accumulator.push(AnswerChunk.make(chunk, true))
  return accumulator.result(usage)
}

/** One answer twice: as a body, and as the chunks of a stream. */
export interface Answer {
  readonly body: JsonObject.JsonObject
  readonly chunks: ReadonlyArray<JsonObject.JsonObject>
}

/** Some text, cut anywhere, in the middle of a surrogate pair too. */
const cutText: fc.Arbitrary<ReadonlyArray<string>> = fc
  .tuple(fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }), fc.array(fc.nat(24), { maxLength: 4 }))
  .map(([text, cuts]) => cut(text, cuts))

/** The pieces of a text or list between these offsets. */
export const cut = (text: string, offsets: ReadonlyArray<number>): ReadonlyArray<string> => {
  const edges = [0, ...[...offsets].sort((a, b) => a - b), text.length]
  return edges.slice(1).map((edge, index) => text.slice(edges[index], edge))
}

interface ChoicePlan {
  readonly content: ReadonlyArray<string> | null
  readonly refusal: ReadonlyArray<string> | null
  readonly reasoning: ReadonlyArray<string> | null
  readonly calls: ReadonlyArray<{ readonly name: string; readonly args: ReadonlyArray<string> }>
  readonly annotations: ReadonlyArray<string>
  readonly tokens: ReadonlyArray<string> | null
  readonly finish: "stop" | "length" | "content_filter"
}

const choicePlan: fc.Arbitrary<ChoicePlan> = fc.record({
  content: fc.option(cutText),
  refusal: fc.option(cutText, { freq: 1 }),
  reasoning: fc.option(cutText),
  calls: fc.array(fc.record({ name: fc.constantFrom("f", "g"), args: cutText }), { maxLength: 3 }),
  annotations: fc.array(fc.constantFrom("https://a.example", "https://b.example"), { maxLength: 2 }),
  tokens: fc.option(fc.array(fc.string({ maxLength: 3 }), { minLength: 1, maxLength: 3 })),
  finish: fc.constantFrom("stop", "length", "content_filter")
})

/** Any answer of up to three choices, its choices' deltas in any order of choices. */
export const anyAnswer: fc.Arbitrary<Answer> = fc
  .tuple(
    fc.array(choicePlan, { minLength: 1, maxLength: 3 }),
    fc.array(fc.nat(5), { minLength: 1, maxLength: 20 }),
    fc.option(
      fc.record({
        prompt_tokens: fc.nat(99),
        completion_tokens: fc.nat(99),
        total_tokens: fc.integer({ min: 1, max: 199 })
      })
    )
  )
  .map(([plans, draws, usage]) => {
    const head = { id: "id-1", created: 1_700_000_000, model: "m", system_fingerprint: "fp" }
    const chunks = interleave(plans.map(deltasOf), draws).map((choice) =>
      chunk([choice], { system_fingerprint: "fp", usage: null })
    )
    return {
      body: {
        ...head,
        object: "chat.completion",
        choices: plans.map(choiceOf),
        ...(usage === null ? {} : { usage })
      },
      chunks: usage === null ? chunks : [...chunks, chunk([], { system_fingerprint: "fp", usage })]
    }
  })

const finishOf = ({ calls, finish }: ChoicePlan): string =>
  calls.length > 0 && finish === "stop" ? "tool_calls" : finish

const whole = (pieces: ReadonlyArray<string> | null): string | null => pieces?.join("") ?? null

const citation = (url: string) => ({ type: "url_citation", url_citation: { url } })

const logprob = (token: string) => ({ token, logprob: -1, bytes: null, top_logprobs: [] })

const choiceOf = (plan: ChoicePlan, index: number): JsonObject.JsonObject => ({
  index,
  message: {
    role: "assistant",
    content: whole(plan.content),
    refusal: whole(plan.refusal),
    ...(plan.reasoning === null ? {} : { reasoning_content: whole(plan.reasoning) }),
    ...(plan.annotations.length === 0 ? {} : { annotations: plan.annotations.map(citation) }),
    ...(plan.calls.length === 0
      ? {}
      : {
          tool_calls: plan.calls.map(({ name, args }, call) => ({
            id: `call_${index}_${call}`,
            type: "function",
            function: { name, arguments: whole(args) }
          }))
        })
  },
  logprobs: plan.tokens === null ? null : { content: plan.tokens.map(logprob), refusal: null },
  finish_reason: finishOf(plan)
})

const deltasOf = (plan: ChoicePlan, index: number): ReadonlyArray<JsonObject.JsonObject> => {
  const of = (fields: JsonObject.JsonObject, over: JsonObject.JsonObject = {}) => ({
    index,
    delta: fields,
    logprobs: null,
    finish_reason: null,
    ...over
  })
  return [
    of({ role: "assistant", content: null }),
    ...(plan.reasoning ?? []).map((piece) => of({ reasoning_content: piece })),
    ...(plan.content ?? []).map((piece) => of({ content: piece })),
    ...(plan.refusal ?? []).map((piece) => of({ refusal: piece })),
    ...plan.annotations.map((url) => of({ annotations: [citation(url)] })),
    ...plan.calls.flatMap(({ name, args }, call) => [
      of({
        tool_calls: [{ index: call, id: `call_${index}_${call}`, type: "function", function: { name, arguments: "" } }]
      }),
      ...args.map((piece) => of({ tool_calls: [{ index: call, function: { arguments: piece } }] }))
    ]),
    ...(plan.tokens ?? []).map((token) => of({}, { logprobs: { content: [logprob(token)], refusal: null } })),
    of({}, { finish_reason: finishOf(plan) })
  ]
}

/** The items of all lists, each list in its order; the draws say whose turn it is. */
const interleave = <A>(lists: ReadonlyArray<ReadonlyArray<A>>, draws: ReadonlyArray<number>): ReadonlyArray<A> => {
  const left = lists.map((list) => [...list])
  const merged: Array<A> = []
  for (let turn = 0; left.some((list) => list.length > 0); turn++) {
    const open = left.filter((list) => list.length > 0)
    const item = open[(draws[turn % draws.length] ?? 0) % open.length]?.shift()
    if (item !== undefined) merged.push(item)
  }
  return merged
}

/** What sloppy backends do to a chunk without changing what it says. */
const messes: ReadonlyArray<(chunk: JsonObject.JsonObject) => ReadonlyArray<JsonObject.JsonObject>> = [
  (it) => [it],
  (it) => [{ ...it, error: null, id: "", object: "", created: 0, model: "" }],
  (it) => [{ ...it, id: "other", model: "other", created: 5 }],
  (it) => [chunk([], { usage: null }), it],
  (it) => [it, chunk([{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: "" }])],
  (it) => [{ ...it, usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } }],
  (it) => [
    {
      ...it,
      choices: JsonObject.listOf(it["choices"])
        .map(JsonObject.orEmpty)
        .map((choice) => ({
          ...choice,
          delta: { tool_calls: null, function_call: null, ...JsonObject.orEmpty(choice["delta"]), role: "assistant" },
          finish_reason: choice["finish_reason"] ?? ""
        }))
    }
  ]
]

/** Any answer whose chunks are sent as sloppily as backends do. */
export const anyMessyAnswer: fc.Arbitrary<Answer> = fc
  .tuple(anyAnswer, fc.array(fc.nat(messes.length - 1), { minLength: 1, maxLength: 12 }))
  .filter(([answer]) => "usage" in answer.body)
  .map(([{ body, chunks }, draws]) => ({
    body,
    chunks: chunks.flatMap((it, index) =>
      // The first chunk names the answer and the last one holds its usage.
      index === 0 || index === chunks.length - 1 ? [it] : (messes[draws[index % draws.length] ?? 0]?.(it) ?? [])
    )
  }))
