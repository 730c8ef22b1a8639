import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as SpokenProtocol from "../domain/backend/SpokenProtocol.js"
import * as GatewayConfig from "../domain/config/GatewayConfig.js"
import * as RouteTable from "../domain/routing/RouteTable.js"
import { models, oneOf, partial, someOf } from "./Sampled.js"

type Plain = GatewayConfig.Plain
type Entry = Plain["openai_clients"][number]

const names = ["eu-1", "eu-2", "us", "local", "spare", "private", "gpt-4o", "Zürich 1", "__proto__"]

const keywords = ["gpt", "mini", "llama", "qwen/", "o", "private", "4"]

const globs = ["gpt-*", "*mini*", "*", "llama*70b", "gpt-4o"]

const named = oneOf({}, { "gpt-4o": "openai/gpt-4o", private: "private-small" }, { "private-small": "gpt-4o" })

const duration = oneOf("30s", "500ms", "2m", "1.5h")

const count = FastCheck.integer({ min: 1, max: 200 })

const match = FastCheck.oneof(
  FastCheck.record({ type: oneOf("exact"), value: FastCheck.oneof(oneOf(...models), listOf(models)) }),
  FastCheck.record({ type: oneOf("keyword"), value: FastCheck.oneof(oneOf(...keywords), listOf(keywords)) }),
  FastCheck.record({ value: listOf(keywords) }),
  FastCheck.record({ type: oneOf("exact", "keyword"), value: listOf(globs) }),
  FastCheck.record({ type: oneOf("any") })
)

const stripTags = someOf(2, "think", "tool_call", "reasoning")

const cleaning = { user_turns: oneOf("auto", "last", "join", "keep"), trim: FastCheck.boolean() }

const clean = FastCheck.oneof(oneOf("none"), partial({ ...cleaning, strip_tags: stripTags }))

// A backend's tags may be said in one place only.
const ownCleaning = FastCheck.oneof(partial({ clean }), partial({ clean: partial(cleaning), strip_tags: stripTags }))

const dropped = [
  ...["store", "user", "seed", "temperature", "stop", "max_tokens", "stream_options", "metadata"],
  ...["response_format.json_schema.strict", "tools[].function.strict", "messages[].name"],
  ...["messages[].content[].cache_control", "vendor"]
]

const parameters = partial({
  max_tokens: oneOf(256, 1, 100_000, "4096"),
  stop: oneOf("END", ["END", "\n\n"], []),
  special_prefix: oneOf("", "Draft:"),
  extra_body: oneOf({ temperature: 0.2 }, { top_k: 40, store: true }, '{ "seed": 7, "vendor": { "deep": [1.0] } }'),
  rename_params: oneOf({ max_tokens: "max_completion_tokens" }, { seed: "random_seed", user: "end_user" }),
  drop_params: FastCheck.oneof(someOf(4, ...dropped), oneOf("store")),
  system_role: oneOf("keep", "system", "developer"),
  text_parts: oneOf("keep", "join"),
  tool_call_ids: oneOf("keep", "alnum9", "safe"),
  ask_usage: FastCheck.boolean(),
  cumulative_content: FastCheck.boolean()
})

const failover = partial({
  timeouts: partial({
    connect: duration,
    headers: duration,
    first_token: duration,
    first_token_max: duration,
    idle: duration,
    total: duration
  }),
  hedge: FastCheck.oneof(duration, FastCheck.constant(false as const)),
  retries: oneOf(0, 1, 2, "5"),
  retry_after_max: duration,
  rescue: oneOf("restart", "continue", "off"),
  prefill: FastCheck.boolean(),
  max_in_flight: count,
  breaker: partial({
    enabled: FastCheck.boolean(),
    failures: count,
    failure_rate: oneOf(0.5, 0.01, 1),
    window: duration,
    open: duration,
    open_max: duration,
    ramp: duration
  })
})

const access = partial({
  api_key: oneOf("sk-sampled-1234567890", "caller", ""),
  key_header: oneOf("authorization", "api-key"),
  headers: oneOf({}, { "X-Team": "search" }, { authorization: "Bearer sk-sampled-in-a-header" }),
  forward_headers: someOf(2, "x-trace", "X-Tenant")
})

// What looks like a variable would be one.
const anyName = FastCheck.string({ minLength: 1, maxLength: 8 }).filter((name) => !name.includes("${"))

const entry = FastCheck.tuple(
  FastCheck.record({
    name: FastCheck.oneof({ weight: 9, arbitrary: oneOf(...names) }, anyName),
    base_url: oneOf("https://api.example/v1", "http://127.0.0.1:11434/v1", "https://a.example/{model}?api-version=1"),
    model_match: match
  }),
  partial({ priority: oneOf(1, 0, 0.1, 3, 1e9, "2"), protocols: protocols(), models: named }),
  access,
  parameters,
  ownCleaning,
  failover
).map(([needed, routed, reached, sent, cleaned, failing]): Entry => ({
  ...needed,
  ...routed,
  ...reached,
  ...sent,
  ...cleaned,
  ...failing
}))

const server = partial({
  drain: duration,
  keepalive: oneOf("15s"),
  max_body: oneOf("8MiB", 33_554_432),
  body_timeout: duration,
  cors_origins: oneOf("*", ["https://app.example", "http://localhost:*"]),
  max_in_flight: count,
  queue: partial({ size: count, timeout: duration }),
  operator_endpoints: FastCheck.boolean(),
  explain_headers: FastCheck.boolean(),
  trusted_proxies: someOf(2, "10.0.0.0/8", "fd00::/8", "127.0.0.1"),
  workers: oneOf(1, "auto")
})

const log = partial({
  durability: oneOf("wal", "relaxed", "sync"),
  bodies: oneOf("redacted", "full", "none"),
  archive: FastCheck.boolean(),
  max_body: oneOf("1MiB"),
  retention: oneOf("12 months", "50GiB")
})

/** For each backend, which of the fallbacks that are there for it; none where it is undefined. */
const picks = FastCheck.array(FastCheck.option(FastCheck.nat(99), { nil: undefined, freq: 3 }), {
  minLength: 6,
  maxLength: 6
})

/**
 * Configurations, each of which is valid: two to six backends with exact and overlapping keyword matches, weights, fallbacks
 * to models and to backends, circles of them too, and any of the other keys.
 *
 * @category functions
 * @since 0.1.0
 */
export const configs: FastCheck.Arbitrary<Plain> = FastCheck.tuple(
  FastCheck.uniqueArray(entry, { selector: ({ name }) => name, minLength: 2, maxLength: 6 }),
  picks,
  partial({ clean, server, log })
).map(([entries, picked, rest]) => ({ openai_clients: withFallbacks(entries, picked), ...rest }))

// A fallback that leads nowhere is a mistake of the configuration.
const withFallbacks = (
  entries: ReadonlyArray<Entry>,
  picked: ReadonlyArray<number | undefined>
): ReadonlyArray<Entry> =>
  Either.match(GatewayConfig.decode({ openai_clients: entries }), {
    onLeft: () => entries,
    onRight: ({ backends }) => {
      const routes = RouteTable.make(backends)
      const targets = backends.flatMap(({ match, models: own, name }) => [name, ...Object.keys(own), ...match.value])
      return entries.map((each, index) => {
        const operations = SpokenProtocol.operationsOf(backends[index]?.protocols ?? [])
        const leading = targets.filter((target) =>
          operations.some((operation) => routes.resolve(operation, target, target).length > 0)
        )
        const pick = picked[index]
        const fallback = pick === undefined ? undefined : leading[pick % leading.length]
        return fallback === undefined ? each : { ...each, fallback }
      })
    }
  })

function listOf<const A extends ReadonlyArray<string>>(values: A): FastCheck.Arbitrary<ReadonlyArray<A[number]>> {
  return FastCheck.uniqueArray(oneOf(...values), { minLength: 1, maxLength: 3 })
}

function protocols() {
  return FastCheck.oneof(
    { weight: 4, arbitrary: oneOf(["openai-chat", "openai-text"]) },
    { weight: 1, arbitrary: oneOf(["openai-chat"], ["openai-text"]) }
  )
}
