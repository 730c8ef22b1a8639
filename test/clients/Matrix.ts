import * as Effect from "effect/Effect"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"
import * as Compare from "./Compare.js"
import * as Documented from "./Documented.js"
import type { Mode, Seen, Task } from "./Normal.js"
import type { ClientName, Shape } from "./Shape.js"
import { shapes } from "./Shapes.js"
import { verdict } from "./Verdict.js"

/** Asks a client for one answer. */
export type Read = (task: Task) => Promise<Seen>

/** What became of one shape with one client: what it saw through the gateway, and how it fared alone. */
export type Cell =
  | { readonly _tag: "Right"; readonly direct: Direct }
  | { readonly _tag: "Wrong"; readonly issues: ReadonlyArray<string>; readonly direct: Direct }
  | { readonly _tag: "Unable"; readonly reason: string }

/** What a client reads when it asks the backend itself, against what it reads through the gateway. */
export type Direct =
  | { readonly _tag: "Same" }
  /** The gateway shows more, or what the client cannot read at all. */
  | { readonly _tag: "Less" }
  /** The client alone reads more than through the gateway, which must never be. */
  | { readonly _tag: "More"; readonly issues: ReadonlyArray<string> }
  /** It cannot be compared, or differs as a rule says. */
  | { readonly _tag: "Apart"; readonly reasons: ReadonlyArray<string> }

const slug = (name: string): string => name.replace(/[^A-Za-z0-9_]+/g, "-")

/** The model that a shape is asked for by; its beginning chooses the backend entry. */
export const modelOf = ({ backend = "plain", name }: Shape): string => `${backend}-shape-${slug(name)}`

const byModel = new Map(shapes.map((shape) => [modelOf(shape), shape]))

const entry = (name: string, baseUrl: string, more: object = {}) => ({
  name,
  base_url: baseUrl,
  model_match: { type: "keyword" as const, value: [`${name}-shape-`] },
  // What one shape does must not change what becomes of the next.
  breaker: { enabled: false },
  ...more
})

/** A gateway, and the backend behind it that answers each model in its own wrong way. */
export interface Matrix {
  readonly gateway: TestGateway.TestGateway
  /** The `baseURL`s by which clients ask the one and the other. */
  readonly through: string
  readonly direct: string
}

export const make = Effect.gen(function* () {
  const upstream = yield* ScriptedUpstream.make((call) => {
    const shape = byModel.get(String(call.received.body["model"]))
    if (shape === undefined) call.json(404, { error: { message: "no such shape" } })
    else shape.answer(call)
  })
  const gateway = yield* TestGateway.make({
    openai_clients: [
      entry("plain", upstream.url),
      entry("hasty", upstream.url, { timeouts: { first_token: "300ms", idle: "300ms" } }),
      entry("azure", `${upstream.url}/openai/deployments/gpt?api-version=2024-10-21`, {
        headers: { "api-key": "azure-key-1" }
      }),
      entry("deployed", `${upstream.url}/openai/deployments/{model}/?api-version=2024-10-21`, {
        api_key: "azure-key-1",
        key_header: "api-key"
      }),
      entry("renaming", upstream.url, { max_tokens: 64, rename_params: { max_tokens: "max_completion_tokens" } }),
      entry("strict", upstream.url, {
        extra_body: { store: true, tools: [] },
        drop_params: ["store", "messages[].reasoning_content"]
      }),
      entry("nine", upstream.url, { tool_call_ids: "alnum9" }),
      entry("shy", upstream.url, { ask_usage: false }),
      entry("growing", upstream.url, { cumulative_content: true })
    ]
  })
  return { gateway, through: `${gateway.url}/v1`, direct: upstream.url }
})

/** The ways in which a client asks for a shape. */
export const modesOf = (shape: Shape, client: ClientName): ReadonlyArray<Mode> => {
  const asked = shape.asked ?? ["stream", "whole"]
  const helped =
    client.startsWith("openai") && shape.kind !== "completion" && asked.includes("stream") && shape.helper !== false
  return helped ? [...asked, "helper"] : asked
}

/** Shows one shape to one client in every way it can be asked for, through the gateway and by the backend itself. */
export const cell = async (shape: Shape, client: ClientName, matrix: Matrix, read: Read): Promise<Cell> => {
  const reason = shape.unable?.[client]
  if (reason !== undefined) return { _tag: "Unable", reason }
  const { history = "none", kind = "chat" } = shape
  const usage = shape.usage === undefined
  const asked = await Promise.all(
    modesOf(shape, client).map(async (mode) => {
      const ask = (baseURL: string) =>
        within(read({ baseURL, model: modelOf(shape), kind, mode, usage, history }), `${shape.name}, ${mode}`)
      const [through, direct] = await Promise.all([
        ask(matrix.through),
        shape.direct === undefined ? ask(matrix.direct) : undefined
      ])
      const issues = verdict(shape, client, mode, through).map((issue) => `${mode}: ${issue}`)
      const pair = direct === undefined ? undefined : { shape, client, mode, direct, through }
      return { issues, pair }
    })
  )
  const issues = asked.flatMap((each) => each.issues)
  const pairs = asked.flatMap(({ pair }) => (pair === undefined ? [] : [pair]))
  const direct: Direct =
    shape.direct === undefined ? judge(pairs) : { _tag: "Apart", reasons: [`not asked directly: it ${shape.direct}`] }
  return issues.length === 0 ? { _tag: "Right", direct } : { _tag: "Wrong", issues, direct }
}

const judge = (pairs: ReadonlyArray<Compare.Pair>): Direct => {
  const compared = pairs.map((pair) => ({ pair, ...Compare.compare(pair) }))
  const losses = compared.flatMap(({ losses, pair }) =>
    losses.map((loss) => ({ pair, loss, meant: Documented.reasonOf(pair, loss) }))
  )
  const issues = losses
    .filter(({ meant }) => meant === undefined)
    .map(({ loss, pair }) => `${pair.mode}: ${Compare.show(loss)}`)
  if (issues.length > 0) return { _tag: "More", issues }
  const reasons = losses.flatMap(({ meant }) => (meant === undefined ? [] : [Documented.show(meant)]))
  if (reasons.length > 0) return { _tag: "Apart", reasons: [...new Set(reasons)] }
  // The script answers in one form, whichever is asked for: what the client cannot read in the other is no wonder.
  const isVoid = (mode: Mode) => pairs.some((pair) => pair.mode === mode && Compare.isVoid(pair))
  const other = isVoid("stream") ? (isVoid("whole") ? [] : ["stream", "helper"]) : isVoid("whole") ? ["whole"] : []
  return compared.some(({ gains, pair }) => gains && !other.includes(pair.mode)) ? { _tag: "Less" } : { _tag: "Same" }
}

/** Longer than any shape takes. */
const limit = 45_000

const within = async <A>(reading: Promise<A>, what: string): Promise<A> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limit} ms: ${what}`)), limit)
  })
  return Promise.race([reading, late]).finally(() => clearTimeout(timer))
}
