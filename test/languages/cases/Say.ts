import type { Expected } from "../Case.js"

/** What the backend says, in the pieces in which a stream brings it. */
export const pieces = ["It is", " sunny", " in Paris."] as const

const otherPieces = ["It rains", " in Rome."] as const

const argumentPieces = ['{"city"', ': "Paris"', "}"] as const

const text = pieces.join("")

/** The call that it makes. */
const call = { name: "get_weather", arguments: argumentPieces.join("") }

export const right: Expected = { text, finish: "stop" }

export const rightOther: Expected = { text: otherPieces.join(""), finish: "stop" }

export const rightCall: Expected = { text: "", finish: "tool_calls", calls: [[call.name, call.arguments]] }

const head = { created: 1_700_000_000, id: "chatcmpl-1", model: "gpt-test" }

const whole = (index: number, content: string) => ({
  index,
  message: { role: "assistant", content, refusal: null },
  logprobs: null,
  finish_reason: "stop"
})

/** A whole choice of text, another one, and one with the call. */
export const message = whole(0, text)

export const other = whole(1, otherPieces.join(""))

export const calling = {
  index: 0,
  message: {
    role: "assistant",
    content: null,
    refusal: null,
    tool_calls: [{ id: "call_1", type: "function", function: call }]
  },
  logprobs: null,
  finish_reason: "tool_calls"
}

const counts = { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 }

/** A whole answer of these choices. */
export const completion = (choices: ReadonlyArray<object>, more: object = {}): object => ({
  ...head,
  object: "chat.completion",
  choices,
  usage: counts,
  ...more
})

/** A chunk of a stream. */
export const chunk = (delta: object, finish: string | null = null, index = 0, more: object = {}): object => ({
  ...head,
  object: "chat.completion.chunk",
  choices: [{ index, delta, finish_reason: finish }],
  ...more
})

/** The chunk that ends a choice. */
export const finish = (reason: string, index = 0): object => chunk({}, reason, index)

/** The chunk with the counts. */
export const usage: object = { ...chunk({}), choices: [], usage: counts }

const begun = (words: ReadonlyArray<string>, index: number): ReadonlyArray<object> => [
  chunk({ role: "assistant", content: "" }, null, index),
  ...words.map((content) => chunk({ content }, null, index))
]

/** A choice of text without its finish, and another one. */
export const spoken: ReadonlyArray<object> = begun(pieces, 0)

export const spokenOther: ReadonlyArray<object> = begun(otherPieces, 1)

const calls = (...args: ReadonlyArray<object>): object => chunk({ tool_calls: args })

/** A call without its finish. */
export const called: ReadonlyArray<object> = [
  chunk({ role: "assistant", content: null }),
  calls({ index: 0, id: "call_1", type: "function", function: { name: call.name, arguments: "" } }),
  ...argumentPieces.map((piece) => calls({ index: 0, function: { arguments: piece } }))
]

/** An error as OpenAI says it. */
export const error = (message: string, type = "server_error", code: string | null = null): object => ({
  error: { message, type, param: null, code }
})
