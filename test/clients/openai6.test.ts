import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import OpenAI from "openai"
import { read } from "./drivers/openai.mjs"
import * as Matrix from "./Matrix.js"
import * as Report from "./Report.js"
import { shapes } from "./Shapes.js"

it("names every shape once", () => {
  assert.strictEqual(new Set(shapes.map(Matrix.modelOf)).size, shapes.length)
  assert.isAtLeast(shapes.length, 80)
})

it("proves every quirk that a chat or completion can show", () => {
  assert.deepStrictEqual(Report.unproven(), [])
})

it.scopedLive(
  "shows every shape to the official client as it must, and never less than the client reads alone",
  () =>
    Effect.gen(function* () {
      const matrix = yield* Matrix.make
      const alone = new OpenAI({ baseURL: matrix.direct, apiKey: "sk-caller-key", maxRetries: 0, logLevel: "off" })
      const ask: Matrix.Read = (task) => read(task.baseURL === matrix.direct ? alone : matrix.gateway.client, task)
      const cells = yield* Effect.forEach(
        shapes,
        (shape) => Effect.promise(() => Matrix.cell(shape, "openai 6", matrix, ask)),
        { concurrency: 32 }
      )
      assert.deepStrictEqual(Report.failures([{ client: "openai 6", cells }]), [])
    }),
  60_000
)
