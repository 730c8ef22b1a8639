import * as FastCheck from "effect/FastCheck"
import type * as Completions from "../exchange/Completions.js"
import { models, oneOf, partial, someOf } from "./Sampled.js"

const said = FastCheck.oneof(
  oneOf("Hello", "What is 2 + 2?", "  def f():\n    return 1\n", "Grüße, 世界 🌍", '{"a": 1}'),
  FastCheck.string({ minLength: 1, unit: "grapheme" }).map((text) => `${text}.`)
)

const blank = oneOf("", "  ", "\n\t")

const thought = said.map((text) => `<think>${text}</think>\n\nSo: ${text}`)

const textPart = FastCheck.tuple(said, partial({ cache_control: oneOf({ type: "ephemeral" }) })).map(
  ([text, rest]) => ({ type: "text" as const, text, ...rest })
)

const part = FastCheck.oneof(
  textPart,
  oneOf({ type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } })
)

const named = partial({ name: oneOf("Ada", "Grace") })

const instructions = FastCheck.record({ role: oneOf("system", "developer"), content: FastCheck.oneof(said, blank) })

const user = FastCheck.tuple(
  FastCheck.oneof(said, blank, FastCheck.array(part, { minLength: 1, maxLength: 3 })),
  named
).map(([content, rest]) => ({ role: "user" as const, content, ...rest }))

const assistant = FastCheck.record({ role: oneOf("assistant"), content: FastCheck.oneof(said, thought, blank) })

const calling = FastCheck.tuple(
  oneOf("call_1", "call:2", "toolu_01A-b", "x"),
  said,
  oneOf(null, "", "One moment.")
).map(([id, result, content]) => [
  {
    role: "assistant" as const,
    content,
    tool_calls: [{ id, type: "function" as const, function: { name: "lookup", arguments: '{"of":1}' } }]
  },
  { role: "tool" as const, tool_call_id: id, content: result }
])

const turn = FastCheck.oneof(
  FastCheck.tuple(user),
  FastCheck.tuple(user, assistant),
  FastCheck.tuple(user, calling, assistant).map(([asked, called, answered]) => [asked, ...called, answered])
)

// What is asked last has words, so that something is left whatever a backend's cleaning takes away.
const messages = FastCheck.tuple(
  FastCheck.array(instructions, { maxLength: 1 }),
  FastCheck.array(turn, { maxLength: 4 }),
  FastCheck.record({ role: oneOf("user"), content: said })
).map(([before, turns, last]) => [...before, ...turns.flat(), last])

const tool = FastCheck.record({
  type: oneOf("function"),
  function: FastCheck.tuple(
    FastCheck.record({ name: oneOf("lookup", "search"), parameters: oneOf({ type: "object", properties: {} }) }),
    partial({ description: said, strict: FastCheck.boolean() })
  ).map(([needed, rest]) => ({ ...needed, ...rest }))
})

const parameters = partial({
  temperature: FastCheck.double({ min: 0, max: 2, noNaN: true }),
  top_p: FastCheck.double({ min: 0, max: 1, noNaN: true }),
  max_tokens: FastCheck.integer({ min: 1, max: 10_000 }),
  max_completion_tokens: FastCheck.integer({ min: 1, max: 10_000 }),
  n: oneOf(1, 2),
  seed: FastCheck.integer(),
  stop: FastCheck.oneof(oneOf("END", "\n"), someOf(3, "END", "STOP", "###")),
  user: oneOf("user-1"),
  store: FastCheck.boolean(),
  metadata: FastCheck.dictionary(oneOf("team", "run"), said),
  response_format: oneOf(
    { type: "json_object" },
    { type: "json_schema", json_schema: { name: "answer", strict: true, schema: { type: "object" } } }
  ),
  vendor: FastCheck.jsonValue({ maxDepth: 3 })
})

const tools = FastCheck.oneof(
  FastCheck.constant({}),
  FastCheck.record({ tools: FastCheck.array(tool, { maxLength: 2 }), tool_choice: oneOf("auto", "none") })
)

/**
 * Chat requests, each of which the gateway takes, without `stream`: instructions, turns with pictures, thoughts, tool calls
 * and their results, blank messages, parameters and a field of a vendor's. Most are for models of the sampled
 * configurations. Whatever a backend's cleaning takes away, a message is left.
 *
 * @category functions
 * @since 0.1.0
 */
export const requests: FastCheck.Arbitrary<Completions.Request> = FastCheck.tuple(
  FastCheck.record({
    model: FastCheck.oneof({ weight: 9, arbitrary: oneOf(...models) }, oneOf("nobody's", "gpt-4o-2024-08-06")),
    messages
  }),
  parameters,
  tools
).map(([needed, given, offered]) => ({ ...needed, ...given, ...offered }))
