// Completions without HTTP: asked for in the process, with a fallback for when the first backend fails.
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Gateway from "causeway"
import { Completions } from "causeway/Completions"

// Nobody listens on this port, so the demo answers.
const config: Gateway.Config = {
  openai_clients: [
    {
      name: "local",
      base_url: "http://127.0.0.1:9/v1",
      model_match: { type: "exact", value: "assistant" },
      fallback: "demo"
    },
    { name: "demo", base_url: "demo:", model_match: { type: "exact", value: "demo" } }
  ]
}

const ask = (content: string) => ({ model: "assistant", messages: [{ role: "user", content }] })

/** Asks for a whole answer, then for a stream, and gives their texts. */
export const program = Effect.gen(function* () {
  const { complete, stream } = yield* Completions

  const answer = yield* complete(ask("Hello"))
  const whole = answer.choices[0].message.content

  const streamed = yield* stream(ask("Hello again")).pipe(
    Stream.map((chunk) => chunk.choices[0]?.delta.content ?? ""),
    Stream.tap((text) => Console.log(text)),
    Stream.mkString,
    // What was shown before is not the whole answer: it must not be kept as if it were.
    Effect.catchTag("StreamFailure", (failure) => Effect.succeed(`(cut short: ${failure.reason})`))
  )
  return { whole, streamed }
})

/** The gateway that the program needs. */
export const gateway = (recordPath: string) => Gateway.layer({ config, recordPath })

if (process.argv[1] === import.meta.filename) {
  NodeRuntime.runMain(program.pipe(Effect.flatMap(Console.log), Effect.provide(gateway("record.db"))))
}
