import { once } from "node:events"
import type { Worker } from "node:worker_threads"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as WarmThread from "../../../src/records/writer/WarmThread.js"
import * as Temp from "../../support/Temp.js"

const ended = (thread: Worker) => Effect.promise(() => once(thread, "exit"))

/** A thread that ends with the test. */
const taken = Effect.acquireRelease(Effect.sync(WarmThread.take), (thread) => Effect.promise(() => thread.terminate()))

describe("the writer's thread that is begun early", () => {
  it.scopedLive("waits to be told where to write, and is taken once", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      WarmThread.begin()
      const first = yield* taken
      const second = yield* taken
      assert.notStrictEqual(first, second)
      for (const [thread, name] of [
        [first, "a.db"],
        [second, "b.db"]
      ] as const) {
        const said = once(thread, "message")
        thread.postMessage({ path: `${folder}/${name}` })
        assert.deepStrictEqual(yield* Effect.promise(() => said), [{ _tag: "Ready" }])
      }
    })
  )

  it.scopedLive("is ended when nobody needs it, and another is begun by whoever does", () =>
    Effect.gen(function* () {
      WarmThread.begin()
      WarmThread.drop()
      const thread = yield* taken
      assert.isAbove(thread.threadId, 0)
      thread.postMessage("nonsense")
      const said: ReadonlyArray<unknown> = yield* Effect.promise(() => once(thread, "message"))
      assert.propertyVal(said[0], "_tag", "Unavailable")
      yield* ended(thread)
    })
  )
})
