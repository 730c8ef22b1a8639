import * as Option from "effect/Option"
import * as JsonObject from "../domain/json/JsonObject.js"
import type { Conversation } from "../domain/operation/Operation.js"
import * as SseEvents from "../domain/wire/SseEvents.js"
import * as DemoPlain from "./DemoPlain.js"
import { LocalAnswer } from "./LocalAnswer.js"
import type { Pooled } from "./Transport.js"

/** The `base_url` of the embedded demo. */
export const url = "demo:"

/** An upstream inside the process, which echoes what the user said last: for first steps without a key or a network. */
export const make = (): Pooled => ({
  dispatch: (request, handler) => {
    const body = Option.getOrElse(
      JsonObject.parse(typeof request.body === "string" ? request.body : ""),
      JsonObject.empty
    )
    const answer = new LocalAnswer(handler)
    answer.begin(() => tell(answer, answerTo(request.path, body)))
  },
  retire: () => {},
  destroy: () => Promise.resolve()
})

interface Answer {
  readonly status: number
  readonly type: string
  readonly pieces: ReadonlyArray<string>
}

const answerTo = (path: string, body: JsonObject.JsonObject): Answer => {
  if (path === "/models")
    return json(200, { object: "list", data: [{ id: "demo", object: "model", owned_by: "causeway" }] })
  const operation: Conversation | undefined =
    path === "/chat/completions" ? "chat" : path === "/completions" ? "text" : undefined
  const plain = DemoPlain.answerTo(path, body)
  if (plain !== undefined) return json(200, plain)
  if (operation === undefined)
    return json(404, { error: { message: "The demo has no such path.", type: "not_found_error" } })
  const echo = echoOf(operation, body)
  return body["stream"] === true ? stream(operation, body, echo) : json(200, whole(operation, body, echo))
}

const echoOf = (operation: Conversation, body: JsonObject.JsonObject): string => {
  const last = JsonObject.listOf(body["messages"])
    .map(JsonObject.orEmpty)
    .findLast(({ role }) => role === "user")
  const said = operation === "chat" ? last?.["content"] : body["prompt"]
  if (typeof said === "string") return `You said: ${said}`
  const texts = JsonObject.listOf(said).map((part) =>
    typeof part === "string" ? part : JsonObject.orEmpty(part)["text"]
  )
  return `You said: ${texts.filter((text) => typeof text === "string").join(" ")}`
}

const envelope = (operation: Conversation, body: JsonObject.JsonObject, suffix: string) => ({
  id: `${operation === "chat" ? "chatcmpl" : "cmpl"}-demo`,
  object: operation === "chat" ? `chat.completion${suffix}` : "text_completion",
  created: Math.floor(Date.now() / 1000),
  model: body["model"] ?? "demo"
})

const whole = (operation: Conversation, body: JsonObject.JsonObject, echo: string) => {
  const content =
    operation === "chat" ? { message: { role: "assistant", content: echo, refusal: null } } : { text: echo }
  const choice = { index: 0, ...content, logprobs: null, finish_reason: "stop" }
  return { ...envelope(operation, body, ""), choices: [choice], usage: usageOf(body, echo) }
}

/** A long echo comes in larger pieces rather than for longer. */
const maxPieces = 50

const stream = (operation: Conversation, body: JsonObject.JsonObject, echo: string): Answer => {
  const words = echo.match(/\S+\s*/g) ?? [echo]
  const size = Math.ceil(words.length / maxPieces)
  const texts = Array.from({ length: Math.ceil(words.length / size) }, (_, n) =>
    words.slice(n * size, (n + 1) * size).join("")
  )
  const chunk = (content: object, finish: string | null) =>
    SseEvents.frame({
      ...envelope(operation, body, ".chunk"),
      choices: [{ index: 0, ...content, finish_reason: finish }]
    })
  const pieces = texts.map((text, n) =>
    chunk(
      operation === "chat" ? { delta: { ...(n === 0 ? { role: "assistant" } : {}), content: text } } : { text },
      null
    )
  )
  const usage = SseEvents.frame({ ...envelope(operation, body, ".chunk"), choices: [], usage: usageOf(body, echo) })
  const last = chunk(operation === "chat" ? { delta: {} } : { text: "" }, "stop")
  return { status: 200, type: "text/event-stream", pieces: [...pieces, last + usage + SseEvents.done] }
}

const usageOf = (body: JsonObject.JsonObject, echo: string) => {
  const count = (text: string) => text.split(/\s+/).filter((word) => word !== "").length
  const prompt = count(JSON.stringify(body["messages"] ?? body["prompt"] ?? ""))
  return { prompt_tokens: prompt, completion_tokens: count(echo), total_tokens: prompt + count(echo) }
}

const json = (status: number, value: object): Answer => ({
  status,
  type: "application/json",
  pieces: [JSON.stringify(value)]
})

/** The pace of the demo's streams, in ms. */
const pace = 20

const tell = (answer: LocalAnswer, { pieces, status, type }: Answer): void => {
  answer.head(status, { "content-type": type })
  const next = (position: number): void => {
    const piece = pieces[position]
    if (answer.aborted) return
    if (piece === undefined) return answer.end()
    answer.data(Buffer.from(piece))
    setTimeout(() => next(position + 1), position + 1 < pieces.length ? pace : 0)
  }
  next(0)
}
