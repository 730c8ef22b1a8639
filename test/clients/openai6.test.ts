import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
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
  "shows every shape to the official client as it must",
  () =>
    Effect.gen(function* () {
      const gateway = yield* Matrix.gateway
      const wrong = yield* Effect.forEach(
        shapes,
        (shape) =>
          Effect.promise(() =>
            Matrix.cell(shape, "openai 6", `${gateway.url}/v1`, (task) => read(gateway.client, task))
          ).pipe(
            Effect.map((cell) => (cell._tag === "Wrong" ? cell.issues.map((issue) => `${shape.name} – ${issue}`) : []))
          ),
        { concurrency: 16 }
      )
      assert.deepStrictEqual(wrong.flat(), [])
    }),
  60_000
)
