import { assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import * as AnswerRepair from "../../../src/domain/chat/answer/AnswerRepair.js"
import * as SseEvents from "../../../src/domain/wire/SseEvents.js"
import type { Framing } from "../../../src/http1/Dispatch.js"
import * as ChunkStage from "../../../src/upstream/attempt/ChunkStage.js"
import { delta, options } from "../../domain/generators.js"

const stageOf = (type: string, framing: Framing) =>
  ChunkStage.of(
    { headers: { "content-type": type }, framing },
    { repair: AnswerRepair.make(options()), decoder: undefined, takeWhole: undefined }
  )

/** How an answer ended of which only this came. */
const endOf = (type: string, framing: Framing, text: string) => {
  const stage = stageOf(type, framing)
  stage.push(Buffer.from(text))
  return Option.getOrThrow(stage.end(Option.none()).end)
}

const begun = SseEvents.frame(delta({ content: "It was" }))

describe("ChunkStage", () => {
  it("says of what broke off when nothing but its connection told the end", () => {
    for (const [type, text] of [
      ["text/event-stream", begun],
      ["application/json", '{"choices": [']
    ] as const) {
      const [cut, ended] = [endOf(type, "close", text), endOf(type, "chunked", text)]
      assert.strictEqual(cut._tag, "UpstreamBroke")
      assert.strictEqual(cut.message, `${ended.message}; only its connection told the end`)
    }
  })

  it("says nothing of it where the answer is complete", () => {
    const stage = stageOf("text/event-stream", "close")
    stage.push(Buffer.from(begun + SseEvents.frame(delta({}, "stop"))))
    assert.isTrue(Option.isNone(stage.end(Option.none()).end ?? Option.some("unended")))
  })
})
