import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import { RequestLog } from "../records/RequestLog.js"
import { Drain } from "./Drain.js"

/** How often it is looked what is new of the exchanges that run, in ms. */
const interval = 200

/**
 * Tells the log what is known of exchanges that run for a while, so that each has a row though the process be killed. They
 * themselves do nothing for it.
 */
export const layer: Layer.Layer<never, never, Drain | RequestLog> = Layer.scopedDiscard(
  Effect.gen(function* () {
    const { running } = yield* Drain
    const { note } = yield* RequestLog
    if (note === undefined) return
    const runFork = Runtime.runFork(yield* Effect.runtime())
    const look = () => {
      try {
        const news = running().flatMap((exchange) => exchange.news?.() ?? [])
        if (news.length > 0) note(news)
      } catch (defect) {
        // The log may be a host's.
        runFork(Effect.logError("What is known of running exchanges was not taken", defect))
      }
    }
    yield* Effect.acquireRelease(
      Effect.sync(() => setInterval(look, interval).unref()),
      (timer) => Effect.sync(() => clearInterval(timer))
    )
  })
)
