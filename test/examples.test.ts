import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpServer from "@effect/platform/HttpServer"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import OpenAI from "openai"
import { app } from "../examples/embed.js"
import * as Gateway from "../src/Gateway.js"

describe("examples/embed.ts", () => {
  it.scopedLive("serves the host's own route and the gateway under its prefix", () =>
    Effect.gen(function* () {
      const folder = yield* (yield* FileSystem.FileSystem).makeTempDirectoryScoped()
      const running = yield* Layer.build(app({ port: 0, recordPath: `${folder}/record.db` }))
      const url = Gateway.addressOf(Context.get(running, HttpServer.HttpServer))
      const hello = yield* Effect.promise(async () => (await fetch(`${url}/hello`)).text())
      assert.strictEqual(hello, "Hello from the host")
      const client = new OpenAI({ baseURL: `${url}/llm/v1`, apiKey: "none" })
      const answer = yield* Effect.promise(() =>
        client.chat.completions.create({ model: "demo", messages: [{ role: "user", content: "Hi" }] })
      )
      assert.strictEqual(answer.choices[0]?.message.content, "You said: Hi")
    }).pipe(Effect.provide(NodeFileSystem.layer), Logger.withMinimumLogLevel(LogLevel.None))
  )
})
