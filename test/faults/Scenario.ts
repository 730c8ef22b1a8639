import type * as Gateway from "../../src/Gateway.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"

type Script = (call: ScriptedUpstream.Call) => void
type BackendConfig = Partial<Gateway.Config["openai_clients"][number]>

const { chunk } = ScriptedUpstream

const words = Array.from({ length: 60 }, (_, n) => `${n === 0 ? "" : " "}token${n}`)

/** What every backend answers that answers well: sixty tokens. */
export const canonical = words.join("")

const well = ScriptedUpstream.answerWell(canonical)

/** One way in which a primary fails, and what is to come of it. */
export interface Scenario {
  readonly name: string
  /** Why it ends as it does: the rule, and where it is. */
  readonly rule: string
  readonly primary: Script
  readonly fallback?: Script
  readonly config?: BackendConfig
  readonly fallbackConfig?: BackendConfig
  /** How the primary's requests are to be asked; both when not said. */
  readonly modes?: ReadonlyArray<"stream" | "whole">
  /** `answer`: the canonical sixty tokens. Otherwise the status of the error. */
  readonly result: "answer" | number
  /** What the record says of each attempt. */
  readonly attempts: ReadonlyArray<string>
  /** The second request comes no sooner than this, in ms, after the first. */
  readonly notBefore?: number
  /** The first content is with the caller within this, in ms. */
  readonly within: number
}

const rejects =
  (status: number, error: object = {}, headers: Readonly<Record<string, string>> = {}): Script =>
  (call) =>
    call.json(status, { error: { message: "no", type: "t", param: null, code: null, ...error } }, headers)

const once =
  (fault: Script): Script =>
  (call) =>
    call.number === 0 ? fault(call) : well(call)

/** Half of the answer, and then something when it is on its way. */
const half =
  (then: Script): Script =>
  (call) => {
    call.events(chunk({ role: "assistant", content: "" }))
    const text = words.slice(0, 30).map((content) => `data: ${JSON.stringify(chunk({ content }))}\n\n`)
    call.response.write(text.join(""), () => then(call))
  }

const lastRole = (call: ScriptedUpstream.Call): unknown => {
  const { messages } = call.received.body
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : undefined
  return typeof last === "object" && last !== null && "role" in last ? last.role : undefined
}

const stream = ["stream"] as const

/** In ms: a wait for a retry, and a machine that has much else to do. */
const soon = 5_000

/** The scenarios that gateways are publicly compared by. */
export const all: ReadonlyArray<Scenario> = [
  {
    name: "429 with Retry-After, once",
    rule: "no sibling left and the wait is short: waited for, asked again (`domain/failover/RetryPolicy`)",
    primary: once(rejects(429, {}, { "retry-after-ms": "300" })),
    result: "answer",
    attempts: ["primary UpstreamRejected 429", "primary ok 200"],
    notBefore: 300,
    within: soon
  },
  {
    name: "429 for ever",
    rule: "the fallback at once, for nobody said when (`domain/failover/RetryPolicy`)",
    primary: rejects(429),
    result: "answer",
    attempts: ["primary UpstreamRejected 429", "fallback ok 200"],
    within: soon
  },
  {
    name: "500, once",
    rule: "asked again after a short jittered wait (`domain/failover/RetryPolicy`)",
    primary: once(rejects(500)),
    result: "answer",
    attempts: ["primary UpstreamRejected 500", "primary ok 200"],
    notBefore: 100,
    within: soon
  },
  {
    name: "503 for ever",
    rule: "the fallback at once (`domain/failover/RetryPolicy`)",
    primary: rejects(503),
    result: "answer",
    attempts: ["primary UpstreamRejected 503", "fallback ok 200"],
    within: soon
  },
  {
    name: "a reset before the head",
    rule: "asked again over a new connection (`upstream/Backends.fresh`)",
    primary: once((call) => call.destroy()),
    result: "answer",
    attempts: ["primary ConnectionLost null", "primary ok 200"],
    within: soon
  },
  {
    name: "no response",
    rule: "the fallback is asked beside it after 12 s, by `hedge` (`upstream/forward/Rival`)",
    primary: () => {},
    modes: stream,
    result: "answer",
    attempts: ["primary Outrun null", "fallback ok 200"],
    within: 15_000
  },
  {
    name: "a slow first token",
    rule: "the same; the role of whoever is about to speak is no content (`upstream/attempt/CommitPoint`)",
    primary: (call) => {
      call.open()
      call.events(chunk({ role: "assistant", content: "" }))
    },
    modes: stream,
    result: "answer",
    attempts: ["primary Outrun null", "fallback ok 200"],
    within: 15_000
  },
  {
    name: "a stream that is cut in the middle",
    rule: "rescued: the fallback's answer goes on where it stopped (`domain/rescue/Alignment`)",
    primary: half((call) => call.destroy()),
    modes: stream,
    result: "answer",
    attempts: ["primary UpstreamBroke 200", "fallback ok 200"],
    within: soon
  },
  {
    name: "a stream that stalls in the middle",
    rule: "`timeouts.idle` (60 s; 200 ms in the test), then rescued (`relay/Rescue`)",
    primary: half(() => {}),
    config: { timeouts: { idle: "200ms" } },
    modes: stream,
    result: "answer",
    attempts: ["primary UpstreamStalled 200", "fallback ok 200"],
    within: soon
  },
  {
    name: "a malformed chunk in the middle",
    rule: "broken: the rest would say something else (`domain/chat/answer/AnswerRepair.push`), then rescued",
    primary: half((call) => {
      call.events('{"id":"x","choi')
      call.events(...words.slice(30).map((content) => chunk({ content })), chunk({}, "stop"), "[DONE]")
      call.end()
    }),
    modes: stream,
    result: "answer",
    attempts: ["primary UpstreamBroke 200", "fallback ok 200"],
    within: soon
  },
  {
    name: "no [DONE]",
    rule: "finished is finished; the caller gets its [DONE] (`domain/chat/answer/AnswerRepair.finish`)",
    primary: (call) => {
      call.events(...words.map((content) => chunk({ content })), chunk({}, "stop"))
      call.end()
    },
    modes: stream,
    result: "answer",
    attempts: ["primary ok 200"],
    within: soon
  },
  {
    name: "a context that is too long",
    rule: "straight to the fallback model (`domain/failover/RetryPolicy`: NextModel)",
    primary: rejects(400, { message: "maximum context length is 4096 tokens", code: "context_length_exceeded" }),
    result: "answer",
    attempts: ["primary UpstreamRejected 400", "fallback ok 200"],
    within: soon
  },
  {
    name: "a content filter",
    rule: "passed on, never routed around (`domain/failover/RetryPolicy.isPolicy`)",
    primary: rejects(400, { message: "filtered", code: "content_filter" }),
    result: 400,
    attempts: ["primary UpstreamRejected 400"],
    within: soon
  },
  {
    name: "a fallback that rejects prefill",
    rule: "none is sent to a backend that does not declare it (`domain/rescue/Continuation`)",
    primary: half((call) => call.destroy()),
    fallback: (call) =>
      lastRole(call) === "assistant" ? rejects(400, { message: "prefill is not supported" })(call) : well(call),
    modes: stream,
    result: "answer",
    attempts: ["primary UpstreamBroke 200", "fallback ok 200"],
    within: soon
  }
]
