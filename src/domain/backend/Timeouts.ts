import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { orDefault, TimeText } from "../schema/ConfigSchema.js"

/** How long each phase of an attempt may take; see the defaults of each. */
export const Timeouts = Schema.Struct({
  connect: orDefault(TimeText, () => Duration.seconds(10)).annotations({
    description: "Until the connection is made."
  }),
  headers: orDefault(TimeText, () => Duration.seconds(60)).annotations({
    description: "Until the head of a streamed answer."
  }),
  firstToken: orDefault(TimeText, () => Duration.seconds(120))
    .annotations({ description: "Until the first content of a stream." })
    .pipe(Schema.fromKey("first_token")),
  firstTokenMax: orDefault(TimeText, () => Duration.minutes(10))
    .annotations({
      description:
        "The same for a backend that shows life meanwhile (pings, progress): it is waited for beyond `first_token`, up to this."
    })
    .pipe(Schema.fromKey("first_token_max")),
  idle: orDefault(TimeText, () => Duration.seconds(60)).annotations({ description: "Silence in a stream." }),
  total: orDefault(TimeText, () => Duration.minutes(30)).annotations({
    description: "The exchange, from its arrival."
  })
})
export interface Timeouts extends Schema.Schema.Type<typeof Timeouts> {}
