import * as ChatCompletion from "../../src/domain/chat/ChatCompletion.js"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import * as WireSchema from "./WireSchema.js"
import type { Conversation } from "../../src/domain/operation/Operation.js"

/** What a caller asked for, as far as the contract depends on it. */
export interface Asked {
  readonly operation: Conversation
  readonly includeUsage: boolean
}

/** What is wrong with an answer; empty when nothing is. */
export type Problems = ReadonlyArray<string>

// What callers over HTTP are promised, and what those in the process are.
const chunkChecks = {
  chat: both(WireSchema.checker(WireSchema.ChatChunk), WireSchema.checker(ChatCompletion.ChatCompletionChunk)),
  text: WireSchema.checker(WireSchema.TextChunk)
}
const wholeChecks = {
  chat: both(WireSchema.checker(WireSchema.ChatCompletion), WireSchema.checker(ChatCompletion.ChatCompletion)),
  text: WireSchema.checker(WireSchema.TextCompletion)
}
const insideChecks = {
  chat: WireSchema.checker(WireSchema.ChatInside),
  text: WireSchema.checker(WireSchema.TextInside)
}
const errorCheck = WireSchema.checker(WireSchema.ErrorBody)

/** Checks the text of an answer that is not streamed. */
export const checkWhole = (operation: Conversation, text: string): Problems => problemOf(wholeChecks[operation], text)

/** Checks the text of an error response. */
export const checkError = (text: string): Problems => problemOf(errorCheck, text)

/** Checks all that was sent of a stream (docs/wire.md §0); of a broken connection, all but the end that never came. */
export const checkStream = (asked: Asked, text: string, broken = false): Problems => {
  const { frames, rest } = split(text)
  const last = frames.at(-1)
  const failed = last !== undefined && last !== "[DONE]" && "error" in parsed(last)
  const ended = failed || last === "[DONE]"
  const stream = new StreamCheck(asked)
  for (const frame of ended ? frames.slice(0, -1) : frames) stream.take(frame)
  if (failed) stream.require(errorCheck(parsed(last)))
  if (last === "[DONE]") stream.finished()
  if (!broken && !ended) stream.require("no [DONE] and no error at the end")
  if (!broken && rest !== "") stream.require(`not framed as an event: ${JSON.stringify(rest.slice(0, 200))}`)
  return stream.problems
}

/**
 * Checks what is inside of probabilities, counts, notes and sound, which the gateway passes on as they are: true for
 * what backends say, not for whatever can be made of it.
 */
export const checkInside = (operation: Conversation, text: string): Problems => {
  const bodies = text.startsWith("{") ? [text] : split(text).frames.filter((frame) => frame !== "[DONE]")
  return bodies.filter((body) => !("error" in parsed(body))).flatMap((body) => problemOf(insideChecks[operation], body))
}

function both(first: typeof errorCheck, second: typeof errorCheck): typeof errorCheck {
  return (value) => first(value) ?? second(value)
}

const problemOf = (check: (value: unknown) => string | undefined, text: string): Problems => {
  const problem = check(parsed(text))
  return problem === undefined ? [] : [problem]
}

const parsed = (text: string): JsonObject.JsonObject => {
  try {
    return JsonObject.orEmpty(JSON.parse(text))
  } catch {
    return {}
  }
}

/** The data of the frames, and what is not framed exactly as the contract says. */
const split = (text: string): { readonly frames: ReadonlyArray<string>; readonly rest: string } => {
  const frames: Array<string> = []
  const event = /: keepalive\n|data: ([^\r\n]+)\n\n/y
  let at = 0
  for (let match = event.exec(text); match !== null; match = event.exec(text)) {
    at = event.lastIndex
    if (match[1] !== undefined) frames.push(match[1])
  }
  return { frames, rest: text.slice(at) }
}

/** Follows the chunks of one stream. */
class StreamCheck {
  readonly problems: Array<string> = []
  private first: JsonObject.JsonObject | undefined
  private usageSent = false
  /** By index: the reason of each choice that has started, null until its finish. */
  private readonly finishes: Array<unknown> = []
  /** By index: the names of the calls of each choice. */
  private readonly calls: Array<Array<unknown>> = []

  constructor(private readonly asked: Asked) {}

  require(problem: string | undefined): void {
    if (problem !== undefined) this.problems.push(problem)
  }

  take(frame: string): void {
    const chunk = parsed(frame)
    const problem = chunkChecks[this.asked.operation](chunk)
    if (problem !== undefined) return this.require(problem)
    this.first ??= chunk
    for (const key of ["id", "created", "model"]) {
      if (chunk[key] !== this.first[key]) this.require(`another ${key}: ${frame}`)
    }
    if (this.usageSent) this.require(`a chunk after usage: ${frame}`)
    const choices = JsonObject.listOf(chunk["choices"])
    if (JsonObject.is(chunk["usage"])) this.takeUsage(choices.length)
    else if (choices.length === 0) this.require(`a chunk with nothing in it: ${frame}`)
    for (const choice of choices) this.takeChoice(JsonObject.orEmpty(choice))
  }

  /** The stream says that it is complete. */
  finished(): void {
    if (this.finishes.length === 0) this.require("done without an answer")
    this.finishes.forEach((reason, index) => {
      if (reason === null) this.require(`done, but choice ${index} has not finished`)
    })
  }

  private takeUsage(choices: number): void {
    if (!this.asked.includeUsage) {
      if (choices === 0) this.require("usage that nobody asked for")
      return
    }
    if (choices > 0) this.require("usage in a chunk with choices")
    this.usageSent = true
  }

  private takeChoice(choice: JsonObject.JsonObject): void {
    const index = Number(choice["index"])
    if (typeof this.finishes[index] === "string") this.require(`choice ${index} goes on after its finish`)
    const delta = JsonObject.orEmpty(choice["delta"])
    const isFirst = this.finishes[index] === undefined
    if (this.asked.operation === "chat") {
      if (isFirst && index !== this.finishes.length) this.require(`choice ${index} starts too early`)
      if (isFirst !== "role" in delta) this.require(`choice ${index} has its role in a wrong place`)
      for (const call of JsonObject.listOf(delta["tool_calls"])) this.takeCall(index, JsonObject.orEmpty(call))
    }
    if (isFirst) this.finishes[index] = null
    this.takeFinish(index, choice["finish_reason"])
  }

  private takeCall(index: number, call: JsonObject.JsonObject): void {
    const names = (this.calls[index] ??= [])
    const at = Number(call["index"])
    const name = JsonObject.orEmpty(call["function"] ?? call["custom"])["name"]
    if ("id" in call) {
      if (at !== names.length) this.require(`call ${at} of choice ${index} starts twice or too early`)
    } else if (at >= names.length) this.require(`call ${at} of choice ${index} has not started`)
    else if (name !== undefined && names[at] !== "") this.require(`call ${at} of choice ${index} has two names`)
    if (name !== undefined) names[at] = name
  }

  private takeFinish(index: number, reason: unknown): void {
    if (reason === null) return
    if (this.finishes[index] !== null) this.require(`choice ${index} finishes twice`)
    this.finishes[index] = reason
    if (this.calls[index] !== undefined && (reason === "stop" || reason === "function_call")) {
      this.require(`choice ${index} made calls, but finishes with ${reason}`)
    }
  }
}
