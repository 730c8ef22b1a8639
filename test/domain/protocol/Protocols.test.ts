import { assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import * as Struct from "effect/Struct"
import * as AnswerRepair from "../../../src/domain/chat/answer/AnswerRepair.js"
import * as JsonObject from "../../../src/domain/json/JsonObject.js"
import * as Operation from "../../../src/domain/operation/Operation.js"
import type { Decoder } from "../../../src/domain/protocol/BackendProtocol.js"
import * as Protocols from "../../../src/domain/protocol/Protocols.js"
import * as RouteTable from "../../../src/domain/routing/RouteTable.js"
import type { SseEvent } from "../../../src/domain/wire/SseEvents.js"
import * as ChunkStage from "../../../src/upstream/attempt/ChunkStage.js"
import { backend, options } from "../generators.js"

const ask = (operation: Operation.Operation) => ({
  operation,
  model: "m",
  stream: false,
  includeUsage: false,
  body: { model: "m" }
})

describe("Protocols", () => {
  it("have a place of their own, and a name", () => {
    const names = Protocols.clients.map(({ name }) => name)
    const paths = Protocols.endpoints.flatMap((endpoint) => endpoint.paths)
    assert.deepStrictEqual(names, [...new Set(names)])
    assert.deepStrictEqual(paths, [...new Set(paths)])
  })

  it("let every operation that a client can ask for be asked of a backend", () => {
    const operations = Protocols.endpoints.map(({ operation }) => operation)
    assert.sameMembers(operations, Struct.keys(Operation.recorded))
    const paths = operations.map((operation) => Protocols.between(operation, backend())?.path(ask(operation)))
    assert.deepStrictEqual(paths, [
      "/chat/completions",
      "/completions",
      "/embeddings",
      "/rerank",
      "/score",
      "/classify",
      "/moderations",
      "/audio/speech",
      "/audio/transcriptions",
      "/audio/translations",
      "/images/generations",
      "/images/edits",
      "/images/variations"
    ])
  })
})

describe("a backend that speaks one protocol alone", () => {
  const text = backend({ protocols: ["openai-text"] })

  it("is not asked for what it has none for", () => {
    assert.isUndefined(Protocols.between("chat", text))
    const routes = RouteTable.make([text])
    const [model = ""] = text.match.value
    assert.deepStrictEqual(routes.match("chat", model), [])
    assert.deepStrictEqual(routes.match("text", model), [text])
    assert.deepStrictEqual(routes.resolve("chat", text.name, model), [])
  })
})

/** A backend that says one word in each event, and `over` at the end. */
const words: Decoder = {
  push: ({ data }: SseEvent) => [data === "over" ? { choices: [{ finish_reason: "stop" }] } : saying(data)],
  whole: (body) => ({ choices: [{ message: { role: "assistant", content: body["said"] } }] })
}

const saying = (content: string) => ({ choices: [{ delta: { content } }] })

const read = (type: string, text: string): string => {
  const repair = AnswerRepair.make(options())
  const stage = ChunkStage.of({ headers: { "content-type": type } }, { repair, decoder: words, takeWhole: undefined })
  const steps = [stage.push(Buffer.from(text)), stage.end(Option.none())]
  assert.isTrue(steps.some(({ end }) => end !== undefined && Option.isNone(end)))
  const choices = steps
    .flatMap(({ values }) => values)
    .flatMap((chunk) => JsonObject.listOf(chunk.value()["choices"]).map(JsonObject.orEmpty))
  return choices.map(({ delta }) => JsonObject.text(JsonObject.orEmpty(delta)["content"]) ?? "").join("|")
}

describe("a backend that does not speak the hub's words", () => {
  it("is repaired like every other, event by event", () => {
    assert.strictEqual(read("text/event-stream", "data: Hello\n\ndata: world\n\ndata: over\n\n"), "Hello|world|")
  })

  it("may answer in one body", () => {
    assert.include(read("application/json", JSON.stringify({ said: "Hello" })), "Hello")
  })

  it("is told of, where it reports an error", () => {
    const repair = AnswerRepair.make(options())
    const stage = ChunkStage.of(
      { headers: { "content-type": "text/event-stream" } },
      { repair, decoder: { ...words, push: () => [{ error: { message: "boom", code: 503 } }] }, takeWhole: undefined }
    )
    const { end } = stage.push(Buffer.from("data: x\n\n"))
    assert(end !== undefined && Option.isSome(end) && end.value._tag === "UpstreamErrored")
    assert.strictEqual(end.value.status, 503)
  })
})
