import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { Count, DurationText, orDefault, Share, TimeText } from "../schema/ConfigSchema.js"

/** When a backend that fails is set aside, and how it comes back; see {@link Breaker.Settings}. */
export const BreakerSettings = Schema.Struct({
  enabled: orDefault(Schema.Boolean, () => true).annotations({
    description:
      "Whether a backend that fails is set aside at all, and one that is busy is given no more than it was found to take."
  }),
  failures: orDefault(Count, () => 5).annotations({
    description: "So many failures in a row set it aside, where they are the greater part of its calls."
  }),
  failureRate: orDefault(Share, () => 0.5)
    .annotations({ description: "So does this share of failures among at least 20 calls within `window`." })
    .pipe(Schema.fromKey("failure_rate")),
  window: orDefault(TimeText, () => Duration.seconds(30)).annotations({
    description: "How far back `failure_rate` looks."
  }),
  open: orDefault(TimeText, () => Duration.seconds(10)).annotations({
    description:
      "For how long, the first time; twice as long each further time unless it fails at once, or as long as its `Retry-After` asks. Then one request goes to it, to see."
  }),
  openMax: orDefault(TimeText, () => Duration.minutes(1))
    .annotations({ description: "Never for longer than this." })
    .pipe(Schema.fromKey("open_max")),
  ramp: orDefault(DurationText, () => Duration.seconds(30)).annotations({
    description: "How long its share of the traffic takes to grow back after that request was answered."
  })
})
export interface BreakerSettings extends Schema.Schema.Type<typeof BreakerSettings> {}
