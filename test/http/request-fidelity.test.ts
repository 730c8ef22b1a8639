import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Cleaning from "../../src/domain/backend/Cleaning.js"
import * as Preprocess from "../../src/domain/chat/request/Preprocess.js"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"
import * as WrittenJson from "../support/WrittenJson.js"

// Texts of JSON, for it is the text that must arrive.

/** Numbers, those too that `JSON.stringify` would write otherwise or not at all. */
const numbers = fc.oneof(
  fc.constantFrom("0", "1", "-1", "5", "0.7", "-0.25", "4096", "9007199254740991", "1e+21", "1.5e-7"),
  fc.integer().map(String),
  fc.constantFrom("1.0", "-0", "1E5", "1e5", "0.10", "1e400", "-1e400", "1E+2", "0.0", "100000000000000000000"),
  fc.constantFrom("9223372036854775807", "-9223372036854775808", "18446744073709551615", "9007199254740993"),
  fc.constantFrom("3.141592653589793238462643383279", "0.1000000000000000055511151231257827")
)

/** A text as it stands between its quotes. */
const insides = fc
  .array(
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc.constantFrom("a", "Hello", "é", "漢字", "😀", "\u2028", "\u007f", "e\u0301", "\ufeff")
      },
      fc.constantFrom(
        "\\n",
        "\\t",
        "\\b",
        "\\u0000",
        "\\u001f",
        '\\"',
        "\\\\",
        "\\/",
        "\\u00e9",
        "\\u2029",
        "\\ud83d\\ude00"
      ),
      fc.constantFrom("\\ud800", "\\udc00", "\\uDFFF\\uD83D"),
      fc.constantFrom(" ", "  indented", "<think>", "</think>", "`", "\\n```\\n", "data: x\\n\\n", "null", "1.0", "{}")
    ),
    { maxLength: 6 }
  )
  .map((pieces) => pieces.join(""))

const strings = insides.map((inside) => `"${inside}"`)

const edges = fc.constantFrom("null", "false", "true", "0", '""', "[]", "{}", "[null]", '{"":{}}', "[[],[[]]]")

const deep = fc.integer({ min: 1, max: 200 }).map((depth) => `${'{"a":['.repeat(depth)}${"]}".repeat(depth)}`)

const spaces = fc.constantFrom("", "", "", " ", "\n  ", "\t", "\r\n")

const names = fc.oneof(
  insides,
  fc.constantFrom("__proto__", "constructor", "toString", "toJSON", "then", "a.b", "a[]", "2", "10", "length", "role")
)

/** A list of these texts, with white space anywhere. */
const listText = (items: fc.Arbitrary<ReadonlyArray<string>>) =>
  fc.tuple(items, spaces).map(([items, space]) => `[${space}${items.join(`,${space}`)}${space}]`)

/** An object of these fields, whose texts are values, in any order. */
const objectText = (fields: fc.Arbitrary<ReadonlyArray<readonly [name: string, value: string]>>) =>
  fc.tuple(fields, spaces).chain(([fields, space]) =>
    fc
      .shuffledSubarray([...new Map(fields)], { minLength: new Map(fields).size })
      .map((shuffled) => shuffled.map(([name, value]) => `"${name}"${space}:${space}${value}`))
      .map((entries) => `{${space}${entries.join(`,${space}`)}${space}}`)
  )

const values: fc.Arbitrary<string> = fc.letrec<{ readonly value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    edges,
    numbers,
    strings,
    listText(fc.array(tie("value"), { maxLength: 3 })),
    objectText(fc.array(fc.tuple(names, tie("value")), { maxLength: 3 }))
  )
})).value

/** An object with these fields, each there or not, and perhaps one that nobody knows. */
const objectOf = (
  required: Readonly<Record<string, fc.Arbitrary<string>>>,
  optional: Readonly<Record<string, fc.Arbitrary<string>>> = {}
) => {
  const entries = (of: typeof required) => Object.entries(of).map(([name, value]) => fc.tuple(fc.constant(name), value))
  const unknown = fc.array(fc.tuple(names, values), { maxLength: 1 })
  return objectText(
    fc
      .tuple(
        fc.tuple(...entries(required)),
        fc.subarray(entries(optional)).chain((chosen) => fc.tuple(...chosen)),
        unknown
      )
      // What was asked for counts, not what nobody knows.
      .map(([given, chosen, more]) => [...new Map([...more, ...chosen, ...given])])
  )
}

const text = (...of: ReadonlyArray<string>) => fc.constantFrom(...of.map((each) => JSON.stringify(each)))

const schemas = objectOf(
  { type: text("object") },
  {
    properties: objectOf({
      n: objectOf({ type: text("integer") }, { minimum: numbers, maximum: numbers, enum: values })
    }),
    required: listText(fc.array(strings, { maxLength: 2 })),
    additionalProperties: edges,
    $defs: values
  }
)
const functions = objectOf({ name: text("f") }, { description: strings, parameters: schemas, strict: edges })
const tools = fc.oneof(
  objectOf({ type: text("function"), function: functions }),
  objectOf({ type: text("custom"), custom: objectOf({ name: text("c") }, { format: values }) })
)
const messagesOf = (roles: fc.Arbitrary<string>) => {
  const marks = { cache_control: values, prompt_cache_breakpoint: objectOf({ mode: text("explicit") }) }
  const parts = fc.oneof(
    objectOf({ type: text("text"), text: strings }, marks),
    objectOf({
      type: text("image_url"),
      image_url: objectOf({ url: text("data:image/png;base64,AAAA") }, { detail: strings })
    }),
    objectOf({ type: text("input_audio"), input_audio: objectOf({ data: text("AAAA"), format: text("wav") }) }),
    objectOf({ type: text("file"), file: objectOf({ file_id: strings }) }, marks),
    objectOf({ type: text("refusal"), refusal: strings }),
    values
  )
  const contents = fc.oneof(strings, strings, listText(fc.array(parts, { maxLength: 3 })), fc.constant("null"), values)
  const calls = objectOf(
    {
      id: strings,
      type: text("function"),
      function: objectOf({ name: text("f"), arguments: fc.oneof(strings, values) })
    },
    { extra_content: values }
  )
  return objectOf(
    { role: roles },
    {
      content: contents,
      name: strings,
      tool_call_id: strings,
      tool_calls: listText(fc.array(calls, { maxLength: 2 })),
      function_call: objectOf({ name: text("f"), arguments: strings }),
      refusal: fc.oneof(fc.constant("null"), strings),
      audio: objectOf({ id: strings }),
      reasoning_content: strings,
      reasoning: strings,
      reasoning_details: listText(fc.array(values, { maxLength: 2 })),
      thinking_blocks: values,
      signature: strings,
      prefix: edges
    }
  )
}

const sampling = {
  frequency_penalty: numbers,
  presence_penalty: numbers,
  logit_bias: objectText(fc.array(fc.tuple(fc.nat(99_999).map(String), numbers), { maxLength: 4 })),
  max_tokens: numbers,
  n: numbers,
  seed: numbers,
  stop: fc.oneof(strings, listText(fc.array(strings, { maxLength: 4 }))),
  temperature: numbers,
  top_p: numbers,
  user: strings
}

const vendors = {
  top_k: numbers,
  min_p: numbers,
  repetition_penalty: numbers,
  guided_json: schemas,
  extra_body: values,
  provider: objectOf({ order: listText(fc.array(strings, { maxLength: 2 })) }, { allow_fallbacks: edges }),
  vendor_deep: deep
}

/** The fields of a chat request, each with what it usually is. */
const chatFields = {
  ...sampling,
  ...vendors,
  audio: objectOf({ format: text("wav", "mp3"), voice: fc.oneof(strings, objectOf({ id: strings })) }),
  function_call: fc.oneof(text("none", "auto"), objectOf({ name: text("f") })),
  functions: listText(fc.array(functions, { maxLength: 2 })),
  logprobs: edges,
  top_logprobs: numbers,
  max_completion_tokens: numbers,
  metadata: objectText(fc.array(fc.tuple(names, strings), { maxLength: 3 })),
  modalities: listText(fc.array(text("text", "audio"), { maxLength: 2 })),
  moderation: objectOf({ model: strings }, { policy: values }),
  parallel_tool_calls: edges,
  prediction: objectOf({ type: text("content"), content: strings }),
  prompt_cache_key: strings,
  prompt_cache_options: objectOf({ mode: text("implicit", "explicit") }, { ttl: text("30m") }),
  prompt_cache_retention: text("in_memory", "24h"),
  reasoning_effort: text("none", "minimal", "high", "max"),
  response_format: objectOf(
    { type: text("text", "json_schema") },
    { json_schema: objectOf({ name: strings, schema: schemas }, { strict: edges }) }
  ),
  safety_identifier: strings,
  service_tier: text("auto", "flex", "fast"),
  store: edges,
  tool_choice: fc.oneof(text("none", "auto", "required"), objectOf({ type: text("function"), function: functions })),
  tools: listText(fc.array(tools, { maxLength: 2 })),
  verbosity: text("low", "high"),
  web_search_options: objectOf({}, { search_context_size: strings, user_location: values }),
  reasoning: objectOf({ effort: strings }, { max_tokens: numbers }),
  chat_template_kwargs: objectOf({ enable_thinking: edges })
}

const textFields = { ...sampling, ...vendors, best_of: numbers, echo: edges, logprobs: numbers, suffix: strings }

const odd = (fields: Readonly<Record<string, fc.Arbitrary<string>>>) =>
  Object.fromEntries(
    Object.entries(fields).map(([name, usual]) => [name, fc.oneof({ weight: 4, arbitrary: usual }, edges, values)])
  )

const head = {
  stream: fc.constantFrom("true", "false", "null"),
  stream_options: fc.oneof(
    fc.constant("null"),
    objectOf({}, { include_usage: fc.constantFrom("true", "false", "null"), include_obfuscation: edges })
  )
}

const chats = (model: string) =>
  objectOf(
    {
      model: text(model),
      messages: fc
        .tuple(
          fc.array(
            messagesOf(text("system", "developer", "user", "user", "assistant", "tool", "function", "narrator")),
            {
              minLength: 1,
              maxLength: 4
            }
          ),
          spaces
        )
        .map(([messages, space]) => `[${space}${messages.join(`${space},`)}${space}]`)
    },
    { ...odd(chatFields), ...head }
  )

const prompts = fc.oneof(
  strings,
  listText(fc.array(strings, { minLength: 1, maxLength: 3 })),
  fc.constantFrom("[1,2,3]", "[[1],[2,3]]")
)

const completions = objectOf(
  { model: text("test-model"), prompt: prompts },
  { ...odd(textFields), ...head, messages: values }
)

// What may differ.

type Body = Record<string, unknown>

/** A rule by which a body differs from what the caller sent, and where the documentation says so. */
interface Exception {
  readonly rule: string
  readonly says: string
  readonly apply: (body: Body) => Body
}

const without = (body: Body, ...names: ReadonlyArray<string>): Body =>
  Object.fromEntries(Object.entries(body).filter(([name]) => !names.includes(name)))

/** For every request. */
const always: ReadonlyArray<Exception> = [
  {
    rule: "what is asked of streams is not sent where nothing is streamed",
    says: "`stream_options` is sent in streams only",
    apply: (body) => (body["stream"] === true ? body : without(body, "stream_options"))
  },
  {
    rule: "every stream is asked for usage",
    says: "with `include_usage: true`",
    apply: (body) =>
      body["stream"] === true
        ? { ...body, stream_options: { ...JsonObject.orEmpty(body["stream_options"]), include_usage: true } }
        : body
  },
  {
    rule: "no empty list of tools",
    says: "an empty `tools` is not sent",
    apply: (body) => {
      if (!Array.isArray(body["tools"]) || body["tools"].length > 0) return body
      const left = without(body, "tools", "parallel_tool_calls")
      const choice = body["tool_choice"]
      return choice === undefined || choice === "auto" || choice === "none" ? without(left, "tool_choice") : left
    }
  }
]

const cleaned: Exception = {
  rule: "messages are cleaned",
  says: "`messages` of a chat are [cleaned](configuration.md#clean)",
  apply: (body) => ({ ...body, messages: Preprocess.clean(body, Cleaning.usual).messages })
}

const wire = fs.readFileSync(new URL("../../docs/wire.md", import.meta.url), "utf8")

const entries = [
  { name: "a chat", path: "/v1/chat/completions", requests: chats("test-model"), exceptions: always },
  {
    name: "a chat that is cleaned",
    path: "/v1/chat/completions",
    requests: chats("cleaned"),
    exceptions: [...always, cleaned]
  },
  { name: "an old completion", path: "/v1/completions", requests: completions, exceptions: always }
]

describe("what a caller said is what the backend reads", () => {
  it("has forty kinds of fields", () => assert.isAtLeast(Object.keys({ ...chatFields, ...head }).length, 40))

  it.each([...always, cleaned])("but for a rule that the documentation names: $rule", ({ says }) => {
    assert.include(wire, says)
  })

  for (const { exceptions, name, path, requests } of entries) {
    it.scopedLive(`${name}, field by field, in their order, with every digit`, () =>
      Effect.gen(function* () {
        const upstream = yield* ScriptedUpstream.make((call) =>
          path === "/v1/completions"
            ? call.json(200, { choices: [{ index: 0, text: "Hi", finish_reason: "stop" }] })
            : call.json(200, ScriptedUpstream.completion("Hi"))
        )
        const gateway = yield* TestGateway.make({
          openai_clients: [
            TestGateway.backend("whole", upstream.url, { clean: "none" }),
            { name: "usual", base_url: upstream.url, model_match: { type: "exact", value: "cleaned" } }
          ]
        })
        const ask = async (sent: string) => {
          const response = await gateway.post(path, sent)
          return { status: response.status, answer: await response.text(), arrived: upstream.received.pop()?.text }
        }
        yield* Effect.promise(() =>
          fc.assert(
            fc.asyncProperty(requests, async (sent) => {
              const written = JsonObject.orEmpty(WrittenJson.parse(sent))
              const expected = exceptions.reduce((body, { apply }) => apply(body), { ...written })
              const { answer, arrived, status } = await ask(sent)
              if (JsonObject.listOf(expected["messages"]).length === 0 && exceptions.includes(cleaned)) {
                assert.strictEqual(status, 400, answer)
                assert.include(answer, "All messages are empty.")
                return
              }
              assert.strictEqual(status, 200, answer)
              assert.strictEqual(WrittenJson.write(WrittenJson.parse(arrived ?? "")), WrittenJson.write(expected))
            }),
            { seed: 20_261_130, numRuns: 200 }
          )
        )
      })
    )
  }
})
