import * as Effect from "effect/Effect"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"
import type { Mode, Seen, Task } from "./Normal.js"
import type { ClientName, Shape } from "./Shape.js"
import { shapes } from "./Shapes.js"
import { verdict } from "./Verdict.js"

/** Asks a client for one answer. */
export type Read = (task: Task) => Promise<Seen>

/** What became of one shape with one client. */
export type Cell =
  | { readonly _tag: "Right" }
  | { readonly _tag: "Wrong"; readonly issues: ReadonlyArray<string> }
  | { readonly _tag: "Unable"; readonly reason: string }

const slug = (name: string): string => name.replace(/[^A-Za-z0-9_]+/g, "-")

/** The model that a shape is asked for by; its beginning chooses the backend entry. */
export const modelOf = ({ backend = "plain", name }: Shape): string => `${backend}-shape-${slug(name)}`

const byModel = new Map(shapes.map((shape) => [modelOf(shape), shape]))

const entry = (name: string, baseUrl: string, more: object = {}) => ({
  name,
  base_url: baseUrl,
  model_match: { type: "keyword" as const, value: [`${name}-shape-`] },
  ...more
})

/** A gateway in front of a backend that answers each model in its own wrong way. */
export const gateway = Effect.gen(function* () {
  const upstream = yield* ScriptedUpstream.make((call) => {
    const shape = byModel.get(String(call.received.body["model"]))
    if (shape === undefined) call.json(404, { error: { message: "no such shape" } })
    else shape.answer(call)
  })
  return yield* TestGateway.make({
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
})

/** The ways in which a client asks for a shape. */
export const modesOf = (shape: Shape, client: ClientName): ReadonlyArray<Mode> => {
  const asked = shape.asked ?? ["stream", "whole"]
  const helped =
    client.startsWith("openai") && shape.kind !== "completion" && asked.includes("stream") && shape.helper !== false
  return helped ? [...asked, "helper"] : asked
}

/** Shows one shape to one client in every way it can be asked for. */
export const cell = async (shape: Shape, client: ClientName, baseURL: string, read: Read): Promise<Cell> => {
  const reason = shape.unable?.[client]
  if (reason !== undefined) return { _tag: "Unable", reason }
  const { history = "none", kind = "chat", usage = true } = shape
  const issues = await Promise.all(
    modesOf(shape, client).map(async (mode) => {
      const seen = await read({ baseURL, model: modelOf(shape), kind, mode, usage, history })
      return verdict(shape, client, mode, seen).map((issue) => `${mode}: ${issue}`)
    })
  )
  const all = issues.flat()
  return all.length === 0 ? { _tag: "Right" } : { _tag: "Wrong", issues: all }
}
