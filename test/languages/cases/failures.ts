import type { Call } from "../../support/ScriptedUpstream.js"
import type { Asked, Case } from "../Case.js"
import * as Say from "./Say.js"

const words: Readonly<Record<number, readonly [message: string, type: string, code: string | null]>> = {
  400: ["The seed must be a number.", "invalid_request_error", "invalid_value"],
  401: ["The key is not known here.", "invalid_request_error", "invalid_api_key"],
  404: ["The model does not exist here.", "invalid_request_error", "model_not_found"],
  408: ["The request came too slowly.", "timeout_error", null],
  409: ["The cache is being rebuilt.", "conflict_error", null],
  429: ["Too many requests in this second.", "rate_limit_error", "rate_limit_exceeded"],
  500: ["The engine had an error.", "server_error", "engine_error"],
  503: ["The engine is overloaded for now.", "overloaded_error", "overloaded"],
  529: ["The site is overloaded for now.", "overloaded_error", null]
}

const sayingOf = (status: number) => words[status] ?? ["It failed.", "server_error", null]

const refuse = (call: Call, status: number, headers: Readonly<Record<string, string>> = {}): void =>
  call.json(status, Say.error(...sayingOf(status)), headers)

const speak = (call: Call): void => {
  if (call.received.body["stream"] !== true) return call.json(200, Say.completion([Say.message]))
  call.events(...Say.spoken, Say.finish("stop"), "[DONE]")
  call.end()
}

/** Two failures and then an answer, as a client that asks again twice survives them. */
const passing = (status: number, asked: Asked = {}): Case => ({
  name: `${asked.stream ? "stream-" : ""}passing-${status}`,
  title: `${status} with Retry-After: 1 twice, then ${asked.stream ? "a stream" : "an answer"}`,
  kind: "passing",
  asked,
  expected: [Say.right],
  words: sayingOf(status)[0],
  play: (call, number) => (number < 2 ? refuse(call, status, { "retry-after": "1" }) : speak(call))
})

const refused = (status: number, asked: Asked = {}): Case => ({
  name: `${asked.stream ? "stream-" : ""}refused-${status}`,
  title: `${status} to each attempt${asked.stream ? " at a stream" : ""}`,
  kind: "refused",
  asked,
  expected: [Say.right],
  words: sayingOf(status)[0],
  play: (call) => refuse(call, status)
})

const picture = "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"

const page = "No server is available at 10.1.2.3."

const first = "The engine had no room for the request."

const places = 3

/** A backend that takes three calls a second; each run of it has a second of its own, from its first call on. */
const crowd = (): Case["play"] => {
  const taken = new Map<string, number>()
  const began = new Map<string, number>()
  return (call, number) => {
    const { path } = call.received
    const now = performance.now()
    if (number === 0) {
      began.set(path, now)
      for (const key of taken.keys()) if (key.startsWith(`${path} `)) taken.delete(key)
    }
    const second = `${path} ${Math.floor((now - (began.get(path) ?? now)) / 1_000)}`
    const count = (taken.get(second) ?? 0) + 1
    if (count > places) return refuse(call, 429, { "retry-after": "1" })
    taken.set(second, count)
    speak(call)
  }
}

export const failures: ReadonlyArray<Case> = [
  ...[500, 503, 529, 408, 409, 429].map((status) => passing(status)),
  ...[503, 429].map((status) => passing(status, { stream: true })),
  {
    name: "passing-reset",
    title: "two resets before the head, then an answer",
    kind: "passing",
    asked: {},
    expected: [Say.right],
    play: (call, number) => (number < 2 ? void call.response.socket?.resetAndDestroy() : speak(call))
  },
  {
    name: "passing-closed",
    title: "nobody listens for 0.4 s, then an answer",
    kind: "passing",
    asked: {},
    expected: [Say.right],
    closed: 400,
    play: speak
  },
  {
    name: "crowd",
    title: "12 callers at a backend that takes 3 a second",
    kind: "crowded",
    asked: {},
    expected: [Say.right],
    words: sayingOf(429)[0],
    callers: 12,
    play: crowd()
  },
  ...[500, 503, 529, 429, 400, 401, 404].map((status) => refused(status)),
  ...[500, 503, 400].map((status) => refused(status, { stream: true })),
  {
    name: "stream-refused-first",
    title: "a stream whose first event is an error",
    kind: "refused",
    asked: { stream: true },
    expected: [Say.right],
    words: first,
    play: (call) => {
      call.events(Say.error(first, "overloaded_error", "overloaded"))
      call.end()
    }
  },
  {
    name: "refused-picture",
    title: "500 for a kind of input that the model does not know",
    kind: "refused",
    asked: {},
    expected: [Say.right],
    words: picture,
    play: (call) => call.json(500, Say.error(picture))
  },
  {
    name: "refused-page",
    title: "503 with a page of a proxy",
    kind: "refused",
    asked: {},
    expected: [Say.right],
    words: page,
    play: (call) => {
      call.response.writeHead(503, { "content-type": "text/html" })
      call.response.end(`<html><body><h1>${page}</h1></body></html>`)
    }
  },
  {
    name: "refused-closed",
    title: "nobody listens at all",
    kind: "refused",
    asked: {},
    expected: [Say.right],
    closed: 60_000,
    play: speak
  }
]
