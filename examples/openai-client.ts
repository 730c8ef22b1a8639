// OpenAI's own client over an embedded gateway: its fetch is the gateway's, and nothing listens on a port.
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import OpenAI from "openai"
import * as Gateway from "causeway"

const config: Gateway.Config = {
  openai_clients: [{ name: "demo", base_url: "demo:", model_match: { type: "exact", value: "demo" } }]
}

const ask = (content: string) => ({ model: "demo", messages: [{ role: "user" as const, content }] })

/** Asks for a whole answer, then for a stream, and gives their texts. */
export const program = Effect.gen(function* () {
  const fetch = yield* Gateway.fetch
  // The host in the URL is never looked up.
  const client = new OpenAI({ fetch, baseURL: "http://causeway/v1", apiKey: "none" })

  const whole = yield* Effect.tryPromise(async (signal) => {
    const answer = await client.chat.completions.create(ask("Hello"), { signal })
    return answer.choices[0]?.message.content ?? ""
  })

  const streamed = yield* Effect.tryPromise(async (signal) => {
    let text = ""
    const chunks = await client.chat.completions.create({ ...ask("Hello again"), stream: true }, { signal })
    for await (const chunk of chunks) text += chunk.choices[0]?.delta.content ?? ""
    return text
  })
  return { whole, streamed }
})

/** The gateway that the program needs. */
export const gateway = (recordPath: string) => Gateway.layer({ config, recordPath })

if (process.argv[1] === import.meta.filename) {
  NodeRuntime.runMain(program.pipe(Effect.flatMap(Console.log), Effect.provide(gateway("record.db"))))
}
