import * as ExplainHeaders from "../record/ExplainHeaders.js"
import type { ServerSettings } from "../config/GatewayConfig.js"
import * as Wildcard from "../text/Wildcard.js"

/** What is read of the configuration. */
export type Settings = Pick<ServerSettings, "corsOrigins" | "explainHeaders">

/** The headers that let a browser's page of an allowed origin read a response; `*` in an entry stands for any text. */
export const headersFor = (origin: string | undefined, settings: Settings): Record<string, string> => {
  if (origin === undefined) return {}
  if (!Wildcard.matches(origin, settings.corsOrigins)) return { vary: "origin" }
  const readable = settings.explainHeaders ? [...exposed, ...ExplainHeaders.names] : exposed
  return {
    "access-control-allow-origin": origin,
    "access-control-expose-headers": readable.join(", "),
    vary: "origin"
  }
}

/** The headers that answer a preflight. */
export const preflightFor = (origin: string | undefined, settings: Settings): Record<string, string> =>
  origin === undefined || !Wildcard.matches(origin, settings.corsOrigins)
    ? headersFor(origin, settings)
    : {
        ...headersFor(origin, settings),
        "access-control-allow-methods": "GET, POST, OPTIONS",
        "access-control-allow-headers": accepted,
        "access-control-max-age": "600"
      }

const exposed = [
  "x-request-id",
  "retry-after",
  "retry-after-ms",
  "x-should-retry",
  "openai-processing-ms",
  "x-upstream-request-id",
  "x-causeway-cleaned"
]

// What the official SDKs send from a browser, and pages that OpenRouter knows by name.
const accepted = [
  "authorization",
  "content-type",
  "api-key",
  "x-api-key",
  "idempotency-key",
  "openai-organization",
  "openai-project",
  "openai-beta",
  "http-referer",
  "x-title",
  "anthropic-version",
  "anthropic-beta",
  "x-stainless-arch",
  "x-stainless-async",
  "x-stainless-custom-poll-interval",
  "x-stainless-helper-method",
  "x-stainless-lang",
  "x-stainless-os",
  "x-stainless-package-version",
  "x-stainless-poll-helper",
  "x-stainless-retry-count",
  "x-stainless-runtime",
  "x-stainless-runtime-version",
  "x-stainless-timeout"
].join(", ")
