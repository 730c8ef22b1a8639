import * as http from "node:http"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type OpenAI from "openai"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import type { RequestRecord } from "../../src/domain/record/RequestRecord.js"
import * as ScriptedUpstream from "./ScriptedUpstream.js"

/** What the official client made of an answer. */
export interface Heard {
  readonly content: string
  readonly model: string
  readonly finish: string | null
}

/** Asks through the official client, streamed or not; rejects as the client does. */
export const ask = async (client: OpenAI, stream: boolean, model = "test-model", content = "Hi"): Promise<Heard> => {
  const request = { model, messages: [{ role: "user" as const, content }] }
  if (!stream) {
    const answer = await client.chat.completions.create(request)
    const choice = answer.choices[0]
    return { content: choice?.message.content ?? "", model: answer.model, finish: choice?.finish_reason ?? null }
  }
  let heard: Heard = { content: "", model: "", finish: null }
  for await (const chunk of await client.chat.completions.create({ ...request, stream: true })) {
    const choice = chunk.choices[0]
    heard = {
      content: heard.content + (choice?.delta.content ?? ""),
      model: chunk.model,
      finish: choice?.finish_reason ?? heard.finish
    }
  }
  return heard
}

/** What a promise was rejected with; rejects when it was not. */
export const rejection = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error("resolved, though it should have been rejected")
}

/** The body of a response as a JSON object. */
export const json = async (response: Response): Promise<JsonObject.JsonObject> => parse(await response.text())

/** The text of a body, and whether its framing says that it is whole. */
export const received = async (
  response: Response | http.IncomingMessage
): Promise<{ readonly text: string; readonly isWhole: boolean }> => {
  const decoder = new TextDecoder()
  let text = ""
  try {
    const pieces: AsyncIterable<unknown> | null = "body" in response ? response.body : response
    for await (const piece of pieces ?? [])
      if (piece instanceof Uint8Array) text += decoder.decode(piece, { stream: true })
    return { text, isWhole: true }
  } catch {
    return { text, isWhole: false }
  }
}

/** The `error` of an error response. */
export const errorOf = async (response: Response): Promise<JsonObject.JsonObject> =>
  JsonObject.orEmpty((await json(response))["error"])

/** A text as a JSON object; an empty one when it is none. */
export const parse = (text: string): JsonObject.JsonObject => Option.getOrElse(JsonObject.parse(text), JsonObject.empty)

/** What stands behind `data: ` in the events of a stream. */
export const events = (text: string): ReadonlyArray<string> =>
  text
    .split("\n\n")
    .filter((event) => event !== "")
    .map((event) => event.replace(/^data: /, ""))

/** The chunks of a stream, `[DONE]` left out. */
export const chunks = (text: string): ReadonlyArray<JsonObject.JsonObject> =>
  events(text)
    .filter((event) => event !== "[DONE]")
    .map(parse)

/** The choices of an answer or a chunk. */
export const choices = (body: JsonObject.JsonObject): ReadonlyArray<JsonObject.JsonObject> =>
  JsonObject.listOf(body["choices"]).map(JsonObject.orEmpty)

/** The content of each choice of an answer that is not streamed. */
export const contents = (body: JsonObject.JsonObject): ReadonlyArray<unknown> =>
  choices(body).map((choice) => JsonObject.orEmpty(choice["message"])["content"])

/** The attempts of a record: backend, and what became of it. */
export const attempts = (record: RequestRecord): ReadonlyArray<string> => {
  const list: unknown = JSON.parse(record.Attempts)
  return JsonObject.listOf(list)
    .map(JsonObject.orEmpty)
    .map(({ backend, failure, status }) => [backend, failure ?? "ok", status].map(String).join(" "))
}

/** The answer of a record. */
export const recorded = (record: RequestRecord): JsonObject.JsonObject => parse(record.Response ?? "")

/** A request over a socket of its own whose response is read when the caller wants to. */
export interface RawCall {
  readonly request: http.ClientRequest
  readonly response: Promise<http.IncomingMessage>
}

/** Sends a request with exactly these headers. Nothing of the response is read before somebody listens. */
export const raw = (
  url: string,
  options: {
    readonly method?: string
    readonly headers?: http.OutgoingHttpHeaders
    readonly body?: object | string
  } = {}
): RawCall => {
  const { body, headers = {}, method = body === undefined ? "GET" : "POST" } = options
  const call = rawOpen(url, method, headers)
  const { request } = call
  request.end(body === undefined || typeof body === "string" ? body : JSON.stringify(body))
  return call
}

/** A request whose body the caller still has to write and end. */
export const rawOpen = (url: string, method = "POST", headers: http.OutgoingHttpHeaders = {}): RawCall => {
  const json = { "content-type": "application/json" }
  const request = http.request(url, { method, agent: false, headers: { ...json, ...headers } })
  const response = new Promise<http.IncomingMessage>((resolve, reject) => {
    request.on("response", resolve)
    request.on("error", reject)
  })
  // A caller that leaves on purpose does not care.
  response.catch(() => {})
  return { request, response }
}

/** All of a raw response. */
export const textOf = async (response: http.IncomingMessage): Promise<string> => {
  const pieces: Array<Buffer> = []
  for await (const piece of response) {
    if (Buffer.isBuffer(piece)) pieces.push(piece)
  }
  return Buffer.concat(pieces).toString("utf8")
}

/** A URL on which nobody listens. */
export const closedUrl: Effect.Effect<string> = Effect.async((resume) => {
  const server = http.createServer()
  server.listen(0, "127.0.0.1", () => {
    const port = ScriptedUpstream.portOf(server)
    server.close(() => resume(Effect.succeed(`http://127.0.0.1:${port}/v1`)))
  })
})

/** A promise that somebody else resolves. */
export interface Latch<A> {
  readonly promise: Promise<A>
  readonly open: (value: A) => void
}

/** A latch that is closed. */
export const latch = <A = void>(): Latch<A> => {
  let open: (value: A) => void = () => {}
  const promise = new Promise<A>((resolve) => (open = resolve))
  return { promise, open: (value) => open(value) }
}

/** Whether a promise is settled within so many ms. */
export const within = async (millis: number, promise: Promise<unknown>): Promise<boolean> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), millis)))
  const result = await Promise.race([promise.then(() => true), late])
  clearTimeout(timer)
  return result
}
