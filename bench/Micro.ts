import * as Either from "effect/Either"
import * as Accumulator from "../src/domain/chat/answer/Accumulator.js"
import * as OpenAiChatClient from "../src/domain/protocol/openai-chat/OpenAiChatClient.js"
import * as AnswerRepair from "../src/domain/chat/answer/AnswerRepair.js"
import * as GatewayConfig from "../src/domain/config/GatewayConfig.js"
import * as Cleaning from "../src/domain/backend/Cleaning.js"
import * as Preprocess from "../src/domain/chat/request/Preprocess.js"
import * as RoutePlan from "../src/domain/routing/RoutePlan.js"
import * as RouteTable from "../src/domain/routing/RouteTable.js"
import * as SseEvents from "../src/domain/wire/SseEvents.js"
import * as Prepare from "../src/domain/chat/request/Prepare.js"
import * as Utf8 from "../src/flow/Utf8.js"
import * as Chat from "./Chat.js"
import * as Machine from "./Machine.js"
import * as Report from "./Report.js"
import * as Timing from "./Timing.js"
import * as UpstreamEvents from "./UpstreamEvents.js"

// What the steps of an exchange cost by themselves, without sockets and without Effect's runtime.

const events = 100
const asked: Chat.Asked = { mark: "mark-000000001", model: { _tag: "Whole" }, usage: true }
const frames = Array.from({ length: events }, (_, index) => UpstreamEvents.piece(asked, index))
const answer = frames.join("") + UpstreamEvents.ending(asked, events)
const bytes = Buffer.from(answer)

const read = (decoder: SseEvents.Decoder, utf8: Utf8.Utf8, bytes: Uint8Array) => decoder.push(utf8.decode(bytes))
const parsed = SseEvents.make().push(answer)
const repairOf = () =>
  AnswerRepair.make({
    operation: "chat",
    id: "req_1",
    model: "m",
    created: 1,
    prefix: "",
    includeUsage: true,
    passUsage: false,
    isOnly: true,

    cumulative: false
  })
const repair = repairOf()
const chunks = parsed.flatMap((event) => repair.push(event).chunks)

const backends = Array.from({ length: 10 }, (_, index) => ({
  name: `backend-${index}`,
  base_url: `http://127.0.0.1:${9000 + index}/v1`,
  api_key: "sk-bench",
  model_match: { type: "keyword", value: ["gpt-", "bench:"] },
  ...(index === 9 ? {} : { fallback: `backend-${index + 1}` })
}))
const config = Either.getOrThrow(GatewayConfig.decode({ openai_clients: backends }))
const routes = RouteTable.make(config.backends)
const draws = new Map(routes.backends.map((backend, index) => [backend, index / 10]))

const conversation = Array.from({ length: 20 }, (_, index) => ({
  role: index % 2 === 0 ? "user" : "assistant",
  content: `${index % 2 === 0 ? "" : "<think>Let me see.</think>"} ${Chat.answerTo("mark-000000001")} `
}))
const body = JSON.stringify({ model: "bench:whole", messages: conversation, stream: true })
const request = Either.getOrThrow(OpenAiChatClient.protocol.decode(body))
const [target] = RoutePlan.make(routes, "chat", request.model, (backend) => draws.get(backend) ?? 0)

const steps: ReadonlyArray<readonly [what: string, times: number, step: () => unknown]> = [
  [`parser: ${events} events in one piece, per event`, events, () => read(SseEvents.make(), Utf8.make(), bytes)],
  [
    `parser: each event in a piece of its own, per event`,
    events,
    () => {
      const decoder = SseEvents.make()
      const utf8 = Utf8.make()
      for (const frame of frames) read(decoder, utf8, Buffer.from(frame))
    }
  ],
  [
    "repair, per event",
    parsed.length,
    () => {
      const stream = repairOf()
      for (const event of parsed) stream.push(event)
    }
  ],
  [
    "repair of what repeats, per event",
    events,
    () => {
      const stream = repairOf()
      const decoder = SseEvents.make()
      for (const frame of frames) {
        if (stream.recall(frame) === undefined) for (const event of decoder.push(frame)) stream.push(event)
      }
    }
  ],
  ["write again, per event", chunks.length, () => chunks.map(SseEvents.frame).join("")],
  [
    "accumulate, per event",
    chunks.length,
    () => {
      const accumulator = Accumulator.make("chat")
      for (const chunk of chunks) accumulator.push(chunk)
      return accumulator.result(undefined)
    }
  ],
  [
    "plan: 10 backends in a row of fallbacks",
    1,
    () => RoutePlan.make(routes, "chat", "bench:whole", (b) => draws.get(b) ?? 0)
  ],
  ["decode a request of 20 messages", 1, () => OpenAiChatClient.protocol.decode(body)],
  ["preprocess 20 messages", 1, () => Preprocess.clean({ messages: conversation }, Cleaning.usual)],
  ["upstream body of 20 messages", 1, () => target && Prepare.make(request, target)]
]

console.log(Machine.describe())
const rows = steps.map(([what, times, step]) => [what, (Timing.best(step) / times).toFixed(2)])
console.log(Report.align([["step", "µs"], ...rows]).join("\n"))
