import * as JsonObject from "../../../src/domain/json/JsonObject.js"

/** An answer as a provider gives it: its bytes as a stream, and its body where no stream was asked for. */
export interface Provider {
  readonly name: string
  readonly stream: string
  readonly whole: JsonObject.JsonObject
}

const event = (data: object | string): string => `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`

const provider = (name: string, events: ReadonlyArray<object | string>, whole: object): Provider => ({
  name,
  // What begins with a colon is a comment.
  stream: events
    .map((each) => (typeof each === "string" && each.startsWith(":") ? `${each}\n\n` : event(each)))
    .join(""),
  whole: JsonObject.orEmpty(whole)
})

/** The chunks of one answer: the same names around each list of choices. */
const chunksOf =
  (names: object) =>
  (delta: object | null, finish: unknown = null, choice: object = {}, beside: object = {}): object => ({
    ...names,
    object: "chat.completion.chunk",
    choices: [{ index: 0, ...(delta === null ? {} : { delta }), finish_reason: finish, ...choice }],
    ...beside
  })

const counts = (prompt: number, completion: number, more: object = {}): object => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
  ...more
})

const call = (id: string, more: object = {}): object => ({
  index: 0,
  id,
  type: "function",
  function: { name: "get_weather", arguments: '{"city":"Paris"}' },
  ...more
})
const without = (value: object, ...keys: ReadonlyArray<string>): object =>
  Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)))

const wholeOf = (names: object, message: object, finish: string, usage: object, choice: object = {}): object => ({
  ...names,
  object: "chat.completion",
  choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason: finish, ...choice }],
  usage
})

const mistralNames = { id: "b9f2e81e4c9f4b6f9c0a1f4f6f0a2d11", created: 1_760_000_001, model: "magistral-medium-2509" }
const mistral = chunksOf(mistralNames)
const thinking = (text: string): object => ({ type: "thinking", thinking: [{ type: "text", text }] })

const groqNames = {
  id: "chatcmpl-5f0d7a",
  created: 1_760_000_002,
  model: "openai/gpt-oss-20b",
  system_fingerprint: "fp_44e5"
}
const groq = chunksOf(groqNames)
const groqTimes = { queue_time: 0.018, prompt_time: 0.0037, completion_time: 0.021, total_time: 0.0247 }

const deepseekNames = {
  id: "93f0c1d2-aaaa",
  created: 1_760_000_003,
  model: "deepseek-reasoner",
  system_fingerprint: "fp_eaab8d114b"
}
const deepseek = chunksOf(deepseekNames)
const deepseekUsage = counts(12, 30, {
  prompt_tokens_details: { cached_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 21 },
  prompt_cache_hit_tokens: 0,
  prompt_cache_miss_tokens: 12
})

const xaiNames = { id: "6a1c9d3b-bbbb", created: 1_760_000_004, model: "grok-4", system_fingerprint: "fp_156d35dcaa" }
const xai = chunksOf(xaiNames)
const xaiUsage = counts(10, 5, { completion_tokens_details: { reasoning_tokens: 40 }, num_sources_used: 0 })

const perplexityNames = { id: "7d2e-cccc", created: 1_760_000_005, model: "sonar-pro" }
const perplexityFound = {
  citations: ["https://example.com/a", "https://example.com/b"],
  search_results: [{ title: "A", url: "https://example.com/a", date: "2025-01-01" }]
}
const perplexity = (text: string, all: string, completion: number, finish: string | null): object => ({
  ...perplexityNames,
  object: "chat.completion.chunk",
  usage: counts(6, completion, { search_context_size: "low" }),
  ...perplexityFound,
  choices: [
    {
      index: 0,
      finish_reason: finish,
      message: { role: "assistant", content: all },
      delta: { role: "assistant", content: text }
    }
  ]
})

const moonshotNames = {
  id: "chatcmpl-66ab",
  created: 1_760_000_006,
  model: "kimi-k2-thinking",
  system_fingerprint: "fpv0_9c"
}
const moonshot = chunksOf(moonshotNames)

const azureNames = {
  id: "chatcmpl-AzUr3",
  created: 1_760_000_007,
  model: "gpt-4o-2024-11-20",
  system_fingerprint: "fp_ee1d74bde0"
}
const azure = chunksOf(azureNames)
const safe = {
  hate: { filtered: false, severity: "safe" },
  self_harm: { filtered: false, severity: "safe" },
  sexual: { filtered: false, severity: "safe" },
  violence: { filtered: false, severity: "safe" }
}
const filterResults = [{ prompt_index: 0, content_filter_results: safe }]

const bedrockNames = {
  id: "chatcmpl-bed",
  created: 1_760_000_008,
  model: "openai.gpt-oss-120b-1:0",
  service_tier: "default"
}
const bedrock = chunksOf(bedrockNames)

const databricksNames = { id: "msg_bdrk_01", created: 1_760_000_009, model: "databricks-claude-sonnet-4" }
const databricks = chunksOf(databricksNames)
const summary = (text: string): object => ({ type: "reasoning", summary: [{ type: "summary_text", text }] })

const workersNames = { id: "id-1760000010", created: 1_760_000_010, model: "@cf/meta/llama-4-scout-17b-16e-instruct" }
const workers = chunksOf(workersNames)

const geminiNames = { id: "Zx3oaJ-dDd", created: 1_760_000_011, model: "gemini-2.5-flash" }
const gemini = chunksOf(geminiNames)
const signed = { extra_content: { google: { thought_signature: "CtwBAVSoXO4=" } } }

const openrouterNames = {
  id: "gen-1760000012-abc",
  provider: "Example",
  created: 1_760_000_012,
  model: "anthropic/claude-sonnet-4"
}
const openrouter = chunksOf(openrouterNames)
const reasoningDetail = { type: "reasoning.text", text: "The user greets.", format: "anthropic-claude-v1", index: 0 }
const openrouterUsage = counts(8, 20, {
  cost: 0.00042,
  is_byok: false,
  prompt_tokens_details: { cached_tokens: 0 },
  cost_details: { upstream_inference_cost: 0.0004 },
  completion_tokens_details: { reasoning_tokens: 6 }
})

const ollamaNames = { id: "chatcmpl-733", created: 1_760_000_013, model: "qwen3:8b", system_fingerprint: "fp_ollama" }
const ollama = chunksOf(ollamaNames)

const llamaNames = {
  id: "chatcmpl-llamacpp1",
  created: 1_760_000_014,
  model: "qwen3-8b",
  system_fingerprint: "b6123-abcdef"
}
const llama = chunksOf(llamaNames)
const timings = { prompt_n: 9, prompt_ms: 31.5, predicted_n: 14, predicted_ms: 402.25, predicted_per_second: 34.8 }

const vllmNames = { id: "chatcmpl-9b0c", created: 1_760_000_015, model: "Qwen/Qwen3-8B" }
const vllm = chunksOf(vllmNames)

/** What providers send, in the shapes of docs/wire.md §5. */
export const providers: ReadonlyArray<Provider> = [
  provider(
    "Mistral",
    [
      mistral({ role: "assistant", content: "" }),
      mistral({ content: [thinking("The user ")] }),
      mistral({ content: [thinking("greets.")] }),
      mistral({ content: [{ type: "text", text: "Hel" }] }),
      mistral({ content: "lo" }),
      mistral({ content: "", tool_calls: [call("D681PevKs")] }, "tool_calls", {}, { usage: counts(9, 14) }),
      "[DONE]"
    ],
    wholeOf(
      mistralNames,
      {
        content: [thinking("The user greets."), { type: "text", text: "Hello" }],
        tool_calls: [without(call("D681PevKs"), "type")]
      },
      "tool_calls",
      counts(9, 14)
    )
  ),
  provider(
    "Groq",
    [
      groq({ role: "assistant", content: null }, null, { logprobs: null }, { x_groq: { id: "req_01", seed: 7 } }),
      groq({ channel: "analysis", reasoning: "The user greets." }),
      groq({ content: "Hello" }),
      groq({ tool_calls: [call("fc_1")] }),
      groq({}, "tool_calls", {}, { x_groq: { id: "req_01", usage: { ...counts(70, 30), ...groqTimes } } }),
      { ...groqNames, object: "chat.completion.chunk", choices: [], usage: { ...counts(70, 30), ...groqTimes } },
      "[DONE]"
    ],
    {
      ...wholeOf(
        groqNames,
        { content: "Hello", reasoning: "The user greets.", tool_calls: [without(call("fc_1"), "index")] },
        "tool_calls",
        { ...counts(70, 30), ...groqTimes },
        { logprobs: null }
      ),
      usage_breakdown: null,
      x_groq: { id: "req_01" },
      service_tier: "on_demand"
    }
  ),
  provider(
    "DeepSeek",
    [
      ": keep-alive",
      deepseek({ role: "assistant", content: null, reasoning_content: "" }, null, { logprobs: null }),
      deepseek({ content: null, reasoning_content: "The user greets." }, null, { logprobs: null }),
      ": keep-alive",
      deepseek({ content: "Hello", reasoning_content: null }, null, { logprobs: null }),
      deepseek({ tool_calls: [call("call_00_x")] }, null, { logprobs: null }),
      deepseek({ content: "", reasoning_content: null }, "tool_calls", { logprobs: null }, { usage: deepseekUsage }),
      "[DONE]"
    ],
    wholeOf(
      deepseekNames,
      { content: "Hello", reasoning_content: "The user greets.", tool_calls: [call("call_00_x")] },
      "tool_calls",
      deepseekUsage,
      { logprobs: null }
    )
  ),
  provider(
    "xAI",
    [
      xai({ role: "assistant", reasoning_content: "Thinking... " }),
      xai({ role: "assistant", content: "Hel" }),
      xai({ content: "lo" }),
      xai({ tool_calls: [call("call_77")] }),
      xai({}, "tool_calls"),
      {
        ...xaiNames,
        object: "chat.completion.chunk",
        choices: [],
        usage: xaiUsage,
        citations: ["https://example.com"]
      },
      { ...xaiNames, object: "chat.completion.chunk", choices: [] },
      "[DONE]"
    ],
    {
      ...wholeOf(
        xaiNames,
        {
          content: "Hello",
          reasoning_content: "Thinking... ",
          refusal: null,
          tool_calls: [without(call("call_77"), "index")]
        },
        "tool_calls",
        xaiUsage
      ),
      citations: ["https://example.com"]
    }
  ),
  provider(
    "Perplexity",
    [perplexity("Hel", "Hel", 1, null), perplexity("lo", "Hello", 2, null), perplexity("", "Hello", 2, "stop")],
    {
      ...wholeOf(perplexityNames, { content: "Hello" }, "stop", counts(6, 2, { search_context_size: "low" }), {
        delta: { role: "assistant", content: "" }
      }),
      ...perplexityFound
    }
  ),
  provider(
    "Moonshot",
    [
      moonshot({ role: "assistant", content: "" }),
      moonshot({ reasoning_content: "The user greets." }),
      moonshot({ content: "Hello" }),
      moonshot({ tool_calls: [call("functions.get_weather:0")] }),
      moonshot({}, "tool_calls", { usage: counts(19, 13, { cached_tokens: 19 }) }),
      "[DONE]"
    ],
    wholeOf(
      moonshotNames,
      {
        content: "Hello",
        reasoning_content: "The user greets.",
        tool_calls: [without(call("functions.get_weather:0"), "index")]
      },
      "tool_calls",
      counts(19, 13, { cached_tokens: 19 })
    )
  ),
  provider(
    "Azure",
    [
      { id: "", object: "", created: 0, model: "", choices: [], prompt_filter_results: filterResults },
      azure(
        { role: "assistant", content: "", refusal: null },
        null,
        { content_filter_results: {}, logprobs: null },
        { obfuscation: "a1" }
      ),
      azure({ content: "Hello" }, null, { content_filter_results: safe, logprobs: null }, { obfuscation: "b2c" }),
      azure({ tool_calls: [call("call_az")] }, null, { content_filter_results: {}, logprobs: null }),
      azure({}, "tool_calls", { content_filter_results: {}, logprobs: null }),
      {
        id: "",
        object: "",
        created: 0,
        model: "",
        choices: [
          {
            index: 0,
            finish_reason: null,
            content_filter_results: safe,
            content_filter_offsets: { check_offset: 44, start_offset: 44, end_offset: 121 }
          }
        ]
      },
      { ...azureNames, object: "chat.completion.chunk", choices: [], usage: counts(9, 11) },
      "[DONE]"
    ],
    {
      ...wholeOf(
        azureNames,
        { content: "Hello", refusal: null, annotations: [], tool_calls: [without(call("call_az"), "index")] },
        "tool_calls",
        counts(9, 11, {
          completion_tokens_details: {
            accepted_prediction_tokens: 0,
            audio_tokens: 0,
            reasoning_tokens: 0,
            rejected_prediction_tokens: 0
          },
          prompt_tokens_details: { audio_tokens: 0, cached_tokens: 0 }
        }),
        { content_filter_results: safe, logprobs: null }
      ),
      prompt_filter_results: filterResults
    }
  ),
  provider(
    "Bedrock",
    [
      without(bedrock({ role: "assistant", content: "" }), "system_fingerprint"),
      {
        ...bedrockNames,
        object: "chat.completion.chunk",
        choices: [{ index: 0, delta: { reasoning: "The user greets." } }]
      },
      { ...bedrockNames, object: "chat.completion.chunk", choices: [{ index: 0, delta: { content: "Hello" } }] },
      bedrock({}, "end_turn"),
      { ...bedrockNames, object: "chat.completion.chunk", choices: [], usage: counts(70, 20) },
      "[DONE]"
    ],
    wholeOf(
      bedrockNames,
      { content: "Hello", reasoning: "The user greets.", refusal: null },
      "end_turn",
      counts(70, 20)
    )
  ),
  provider(
    "Databricks",
    [
      databricks({ role: "assistant", content: [summary("The user ")] }),
      databricks({ content: [summary("greets.")] }),
      databricks({ content: "Hel" }),
      databricks({ content: "lo" }),
      databricks({ tool_calls: [call("toolu_1")] }),
      databricks({ content: "" }, "tool_calls", {}, { usage: counts(40, 25) }),
      "[DONE]"
    ],
    wholeOf(
      databricksNames,
      {
        content: [summary("The user greets."), { type: "text", text: "Hello" }],
        tool_calls: [without(call("toolu_1"), "index")]
      },
      "tool_calls",
      counts(40, 25)
    )
  ),
  provider(
    "Workers AI",
    [
      workers({ role: "assistant", content: "Hel" }),
      workers({ content: "lo" }, null, {}, { p: "abdefg" }),
      workers({ tool_calls: [call("chatcmpl-tool-1")] }),
      workers({ content: "" }, "stop", { stop_reason: null }),
      { ...workersNames, object: "chat.completion.chunk", choices: [], usage: counts(11, 4) },
      "[DONE]"
    ],
    wholeOf(
      workersNames,
      {
        content: "Hello",
        tool_calls: [
          {
            ...without(call("chatcmpl-tool-1"), "index"),
            function: { name: "get_weather", arguments: { city: "Paris" } }
          }
        ]
      },
      "stop",
      counts(11, 4),
      { stop_reason: null }
    )
  ),
  provider(
    "Gemini",
    [
      gemini({ role: "assistant", content: "Hel" }),
      gemini({ role: "assistant", content: "lo" }),
      gemini(
        { role: "assistant", tool_calls: [{ ...without(call("function-call-1"), "index"), ...signed }] },
        "stop",
        {},
        { usage: counts(5, 9) }
      ),
      "[DONE]"
    ],
    wholeOf(
      geminiNames,
      { content: "Hello", tool_calls: [{ ...without(call("function-call-1"), "index"), ...signed }] },
      "tool_calls",
      counts(5, 9)
    )
  ),
  provider(
    "OpenRouter",
    [
      ": OPENROUTER PROCESSING",
      openrouter(
        { role: "assistant", content: "", reasoning: "The user greets.", reasoning_details: [reasoningDetail] },
        null,
        { native_finish_reason: null, logprobs: null }
      ),
      openrouter({ role: "assistant", content: "Hello" }, null, { native_finish_reason: null, logprobs: null }),
      openrouter({ role: "assistant", content: null, tool_calls: [call("toolu_or")] }, null, {
        native_finish_reason: null,
        logprobs: null
      }),
      openrouter({ role: "assistant", content: "" }, "tool_calls", {
        native_finish_reason: "tool_use",
        logprobs: null
      }),
      openrouter(
        { role: "assistant", content: "" },
        null,
        { native_finish_reason: null, logprobs: null },
        { usage: openrouterUsage }
      ),
      "[DONE]"
    ],
    wholeOf(
      openrouterNames,
      {
        content: "Hello",
        refusal: null,
        reasoning: "The user greets.",
        reasoning_details: [reasoningDetail],
        tool_calls: [call("toolu_or")]
      },
      "tool_calls",
      openrouterUsage,
      { native_finish_reason: "tool_use", logprobs: null }
    )
  ),
  provider(
    "Ollama",
    [
      ollama({ role: "assistant", content: "", reasoning: "The user greets." }),
      ollama({ role: "assistant", content: "Hello" }),
      ollama({ role: "assistant", content: "", tool_calls: [call("call_o1")] }),
      ollama({
        role: "assistant",
        content: "",
        tool_calls: [{ ...call("call_o2"), function: { name: "get_time", arguments: "{}" } }]
      }),
      ollama({ role: "assistant", content: "" }, "stop"),
      { ...ollamaNames, object: "chat.completion.chunk", choices: [], usage: counts(26, 40) },
      "[DONE]"
    ],
    wholeOf(
      ollamaNames,
      { content: "Hello", reasoning: "The user greets.", tool_calls: [call("call_o1")] },
      "tool_calls",
      counts(26, 40)
    )
  ),
  provider(
    "llama.cpp",
    [
      llama({ role: "assistant", content: null }),
      llama({ reasoning_content: "The user greets." }),
      llama({ content: "Hello" }),
      llama({ tool_calls: [call("0Xy1", { function: { name: "get_weather", arguments: "" } })] }),
      llama({ tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] }),
      llama({ tool_calls: [{ index: 0, function: { arguments: '"Paris"}' } }] }),
      llama({}, "tool_calls", {}, { timings }),
      "[DONE]"
    ],
    {
      ...wholeOf(
        llamaNames,
        { content: "Hello", reasoning_content: "The user greets.", tool_calls: [without(call("0Xy1"), "index")] },
        "tool_calls",
        counts(9, 14)
      ),
      timings
    }
  ),
  provider(
    "vLLM",
    [
      vllm({ role: "assistant", content: "" }, null, { logprobs: null }, { prompt_token_ids: null }),
      vllm({ reasoning: "The user greets." }, null, { logprobs: null, token_ids: null }),
      vllm({ content: "Hello" }, null, { logprobs: null, token_ids: null }),
      vllm({ tool_calls: [call("chatcmpl-tool-9", { function: { name: "get_weather", arguments: "" } })] }),
      vllm({ tool_calls: [{ index: 0, function: { arguments: '{"city":"Paris"}' } }] }),
      vllm({ content: "" }, "tool_calls", { stop_reason: null, token_ids: null }),
      { ...vllmNames, object: "chat.completion.chunk", choices: [], usage: counts(12, 18) },
      "[DONE]"
    ],
    {
      ...wholeOf(
        vllmNames,
        {
          content: "Hello",
          refusal: null,
          annotations: null,
          audio: null,
          function_call: null,
          reasoning: "The user greets.",
          tool_calls: [without(call("chatcmpl-tool-9"), "index")]
        },
        "tool_calls",
        counts(12, 18, { prompt_tokens_details: null }),
        { logprobs: null, stop_reason: null, token_ids: null }
      ),
      service_tier: null,
      system_fingerprint: null,
      prompt_logprobs: null,
      prompt_token_ids: null,
      kv_transfer_params: null
    }
  )
]
