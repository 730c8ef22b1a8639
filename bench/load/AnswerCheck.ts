import { createParser } from "eventsource-parser"
import * as Option from "effect/Option"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import * as Chat from "../Chat.js"

/** What is wrong with a whole answer; undefined when it is right. */
export const whole = (status: number, text: string, mark: string): string | undefined => {
  const body = Option.getOrElse(JsonObject.parse(text), JsonObject.empty)
  const choice = JsonObject.orEmpty(JsonObject.listOf(body["choices"])[0])
  const right =
    status === 200 &&
    JsonObject.orEmpty(choice["message"])["content"] === Chat.answerTo(mark) &&
    choice["finish_reason"] === "stop" &&
    JsonObject.orEmpty(body["usage"])["total_tokens"] === 60
  return right ? undefined : `answered ${status} with ${text.slice(0, 200)}`
}

/** Reads one stream and says when it is not the answer to its mark. */
export interface StreamCheck {
  /** The bytes that came; returns how many pieces of text they completed. */
  readonly push: (bytes: Uint8Array) => number
  /** How many pieces have come. */
  readonly pieces: number
  /** Whether the finish and the farewell have come. */
  readonly whole: boolean
  readonly complaint: string | undefined
}

/** A check for the stream that answers a question. */
export const stream = (question: Chat.Marked): StreamCheck => {
  let pieces = 0
  let finished = false
  let done = false
  let complaint: string | undefined
  const decoder = new TextDecoder()

  const read = (data: string): void => {
    if (done) complaint ??= `got ${data} after the end`
    if (data === "[DONE]") return void (done = true)
    const chunk = Option.getOrElse(JsonObject.parse(data), JsonObject.empty)
    const choice = JsonObject.orEmpty(JsonObject.listOf(chunk["choices"])[0])
    if (choice["finish_reason"] === "stop") finished = true
    const content = JsonObject.text(JsonObject.orEmpty(choice["delta"])["content"])
    if (content !== undefined && content === Chat.pieceOf(question, pieces)) pieces++
    else if (content !== undefined || chunk["error"] !== undefined) complaint ??= `got ${data} as piece ${pieces}`
  }
  const parser = createParser({ onEvent: ({ data }) => read(data) })

  return {
    push: (bytes) => {
      const before = pieces
      parser.feed(decoder.decode(bytes, { stream: true }))
      return pieces - before
    },
    get pieces() {
      return pieces
    },
    get whole() {
      return finished && done
    },
    get complaint() {
      return complaint
    }
  }
}
