import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as AnswerRepair from "../../../src/domain/chat/answer/AnswerRepair.js"
import * as Source from "../../../src/flow/Source.js"
import * as ChunkStage from "../../../src/upstream/attempt/ChunkStage.js"
import * as FinishHold from "../../../src/upstream/attempt/FinishHold.js"
import type { BodyFailure } from "../../../src/upstream/UpstreamHead.js"
import { chunk } from "../../support/ScriptedUpstream.js"

const repair = () =>
  AnswerRepair.make({
    operation: "chat",
    id: "x",
    model: "m",
    created: 1,
    prefix: "",
    includeUsage: false,
    passUsage: true,
    isOnly: true,
    cumulative: false
  })

/** A body whose bytes come when they are given. */
class Given implements Source.Source<Uint8Array, BodyFailure> {
  private values: Array<Uint8Array> = []
  private ending: Option.Option<BodyFailure> | undefined
  private wake = () => {}

  give(...datas: ReadonlyArray<object | string>): void {
    for (const data of datas)
      this.values.push(Buffer.from(`data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`))
    this.wake()
  }

  end(): void {
    this.ending = Option.none()
    this.wake()
  }

  poll(): Source.Step<Uint8Array, BodyFailure> | undefined {
    if (this.values.length === 0 && this.ending === undefined) return undefined
    const { values } = this
    this.values = []
    return { values, end: this.ending }
  }

  wait(wake: () => void): undefined {
    this.wake = wake
    if (this.values.length > 0 || this.ending !== undefined) wake()
  }
}

const held = () => {
  const body = new Given()
  const headers = { "content-type": "text/event-stream" }
  const stage = ChunkStage.of({ headers }, { repair: repair(), decoder: undefined, takeWhole: undefined })
  const chunks = FinishHold.of(body, stage)
  /** What comes next, in short, and after how many ms. */
  const next = Effect.gen(function* () {
    const started = performance.now()
    let step = chunks.poll()
    while (step === undefined) {
      yield* Source.ready(chunks)
      step = chunks.poll()
    }
    const texts = step.values.map((each) => each.wire())
    return {
      text: texts.join(""),
      finishes: texts.filter((text) => text.includes('"finish_reason":"stop"')).length,
      isOver: step.end !== undefined,
      took: performance.now() - started
    }
  })
  return { body, next }
}

describe("FinishHold", () => {
  it.live("goes out by itself when nothing more comes for a quarter of a second", () =>
    Effect.gen(function* () {
      const { body, next } = held()
      body.give(chunk({ role: "assistant", content: "Hi" }), chunk({}, "stop"))
      assert.deepInclude(yield* next, { finishes: 0, isOver: false })
      const finish = yield* next
      assert.deepInclude(finish, { finishes: 1, isOver: false })
      assert.isAtLeast(finish.took, 200)
      body.give("[DONE]")
      assert.deepInclude(yield* next, { text: "", isOver: true })
    })
  )

  it.live("comes behind what is late, and with the end at the latest", () =>
    Effect.gen(function* () {
      const { body, next } = held()
      body.give(chunk({ role: "assistant", content: "Hi" }), chunk({}, "stop"))
      assert.deepInclude(yield* next, { finishes: 0 })
      body.give(chunk({ content: "late" }))
      const late = yield* next
      assert.include(late.text, "late")
      assert.strictEqual(late.finishes, 0)
      body.give("[DONE]")
      body.end()
      const last = yield* next
      assert.deepInclude(last, { finishes: 1, isOver: true })
      assert.isBelow(last.took, 200)
    })
  )
})
