import { assert, describe, it } from "@effect/vitest"
import * as Chat from "../../bench/Chat.js"
import * as AnswerCheck from "../../bench/load/AnswerCheck.js"
import * as UpstreamEvents from "../../bench/UpstreamEvents.js"

const paced = { _tag: "Paced" as const, events: 3, interval: 20 }
const mark = "mark-000000007"
const asked = { model: paced, mark, usage: false }
const pieces = (...indices: ReadonlyArray<number>) =>
  indices.map((index) => UpstreamEvents.piece(asked, index)).join("")
const checked = (text: string) => {
  const check = AnswerCheck.stream(asked)
  for (const byte of Buffer.from(text)) check.push(Uint8Array.of(byte))
  return check
}

describe("the bench's conversation", () => {
  it("reads back what it asks", () => {
    const ask = Chat.questions(paced, 600)
    ask()
    const { body, mark } = ask()
    assert.deepStrictEqual(Chat.read(body), { model: paced, mark, usage: false })
    assert.strictEqual(mark, "mark-000000001")
  })

  it("finds out a prompt that was cut", () => {
    const { body } = Chat.questions({ _tag: "Whole" }, 600)()
    assert.isUndefined(Chat.read(body.slice(0, -100)))
  })

  it("accepts the right answer alone", () => {
    const text = UpstreamEvents.whole(mark)
    assert.isUndefined(AnswerCheck.whole(200, text, mark))
    assert.isDefined(AnswerCheck.whole(200, text, "mark-000000008"))
    assert.isDefined(AnswerCheck.whole(502, text, mark))
    assert.isDefined(AnswerCheck.whole(200, text.slice(1), mark))
  })

  it("accepts a whole stream in order, however it is cut", () => {
    const check = checked(pieces(0, 1, 2) + UpstreamEvents.ending(asked, 3))
    assert.deepInclude({ ...check }, { pieces: 3, whole: true, complaint: undefined })
  })

  it("finds out a missing, doubled or foreign piece, an error, and a missing end", () => {
    assert.isDefined(checked(pieces(0, 2)).complaint)
    assert.isDefined(checked(pieces(0, 0)).complaint)
    assert.isDefined(checked(UpstreamEvents.piece({ ...asked, mark: "mark-000000008" }, 0)).complaint)
    assert.isDefined(checked('data: {"error":{"message":"no"}}\n\n').complaint)
    assert.isDefined(checked(UpstreamEvents.ending(asked, 0) + pieces(0)).complaint)
    assert.isFalse(checked(pieces(0, 1, 2)).whole)
  })
})
