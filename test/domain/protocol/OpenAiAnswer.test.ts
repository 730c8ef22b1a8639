import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import { RelayEnd } from "../../../src/domain/failure/Outcome.js"
import { encoder } from "../../../src/domain/protocol/OpenAiAnswer.js"

const after = Duration.seconds(1)
const body = { message: "boom", type: "t", param: "p", code: "c" }

describe("OpenAiAnswer", () => {
  describe("at the end of a stream", () => {
    it("says that the answer is complete, and nothing where nobody reads it", () => {
      assert.strictEqual(encoder.end(RelayEnd.Completed()), "data: [DONE]\n\n")
      assert.strictEqual(encoder.end(RelayEnd.CallerLeft()), "")
    })

    it("passes on what the backend said", () => {
      assert.strictEqual(
        encoder.end(RelayEnd.UpstreamErrored({ status: 502, error: body })),
        'data: {"error":{"message":"boom","type":"t","param":"p","code":"c"}}\n\n'
      )
    })

    it("says in one frame why there is no more, and never that it was done", () => {
      const ends = [
        [RelayEnd.UpstreamBroke({ reason: "secret" }), "upstream_broke"],
        [RelayEnd.UpstreamStalled({ after }), "upstream_stalled"],
        [RelayEnd.CutByDrain(), "shutting_down"]
      ] as const
      for (const [end, code] of ends) {
        const frame = encoder.end(end)
        assert.match(
          frame,
          /^data: \{"error":\{"message":"[^"]+","type":"server_error","param":null,"code":"\w+"\}\}\n\n$/
        )
        assert.include(frame, `"code":"${code}"`)
        assert.notInclude(frame, "secret")
      }
    })
  })
})
