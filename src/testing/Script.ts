import type { Headers } from "../domain/backend/Credentials.js"
import type { JsonObject } from "../domain/json/JsonObject.js"
import * as SseEvents from "../domain/wire/SseEvents.js"

/**
 * A request as an upstream received it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Received {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: Headers
  /** Empty where it is no JSON object, such as a form. */
  readonly body: JsonObject
}

/**
 * One request to an upstream, and the means to answer it in any way, however wrong.
 *
 * @category models
 * @since 0.1.0
 */
export interface Call {
  readonly received: Received
  /** How many requests came before this one. */
  readonly number: number
  readonly json: (status: number, body: unknown, headers?: Readonly<Record<string, string>>) => void
  /** Sends the head of an event stream. */
  readonly open: () => void
  /** Sends one event each: an object as JSON, a string as it is. */
  readonly events: (...data: ReadonlyArray<object | string>) => void
  /** Sends bytes as they are. */
  readonly write: (text: string | Uint8Array) => void
  readonly end: () => void
  /** Closes the connection without a goodbye. */
  readonly destroy: () => void
  /** Resolves when the gateway has closed its connection for this request or the answer is complete. */
  readonly closed: Promise<void>
}

/**
 * Answers a call; one that does nothing is a backend that stays silent.
 *
 * @category models
 * @since 0.1.0
 */
export type Script<C extends Call = Call> = (call: C) => void | Promise<void>

/**
 * Answers well: with a JSON answer, or the same as a stream of one chunk per word.
 *
 * @category scripts
 * @since 0.1.0
 */
export const answerWell =
  (content: string) =>
  (call: Call): void => {
    if (call.received.body["stream"] !== true) return call.json(200, completion(content))
    const words = content.match(/\s*\S+/g) ?? []
    call.events(chunk({ role: "assistant", content: "" }), ...words.map((word) => chunk({ content: word })))
    call.events(chunk({}, "stop"), usageChunk(3, words.length), "[DONE]")
    call.end()
  }

/**
 * Refuses with a status and an OpenAI error.
 *
 * @category scripts
 * @since 0.1.0
 */
export const reject =
  (status: number, message = "Refused by the script", headers: Readonly<Record<string, string>> = {}) =>
  (call: Call): void =>
    call.json(status, { error: { message, type: "error", param: null, code: null } }, headers)

/**
 * Begins a stream and breaks the connection after this content.
 *
 * @category scripts
 * @since 0.1.0
 */
export const breakOff =
  (content: string) =>
  (call: Call): void => {
    call.events(chunk({ role: "assistant", content }))
    call.destroy()
  }

/**
 * Never answers.
 *
 * @category scripts
 * @since 0.1.0
 */
export const silent = (): void => {}

/**
 * A chunk of a chat stream.
 *
 * @category answers
 * @since 0.1.0
 */
export const chunk = (delta: object, finish: string | null = null, more: object = {}): object => ({
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  created: 1_700_000_000,
  model: "test-model",
  choices: [{ index: 0, delta, finish_reason: finish }],
  ...more
})

/**
 * The usage chunk at the end of a stream.
 *
 * @category answers
 * @since 0.1.0
 */
export const usageChunk = (prompt: number, completion: number): object =>
  chunk({}, null, {
    choices: [],
    usage: { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion }
  })

/**
 * A whole chat answer.
 *
 * @category answers
 * @since 0.1.0
 */
export const completion = (content: string, more: object = {}): object => ({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1_700_000_000,
  model: "test-model",
  choices: [
    { index: 0, message: { role: "assistant", content, refusal: null }, logprobs: null, finish_reason: "stop" }
  ],
  usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
  ...more
})

/** What these data are as events of a stream. */
export const eventsOf = (data: ReadonlyArray<object | string>): string =>
  data.map((each) => (typeof each === "string" ? `data: ${each}\n\n` : SseEvents.frame(each))).join("")
