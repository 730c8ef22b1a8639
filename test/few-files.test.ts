import * as fs from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Caller from "./support/Caller.js"
import * as ChildGateway from "./support/ChildGateway.js"
import * as JsonObject from "../src/domain/json/JsonObject.js"
import * as ScriptedUpstream from "./support/ScriptedUpstream.js"
import * as Temp from "./support/Temp.js"

const question = { model: "demo", messages: [{ role: "user", content: "Hi" }] }

/** What a caller with a connection of its own gets: a status with its code and headers, or none. */
const ask = async (url: string): Promise<string> => {
  const { response } = Caller.raw(`${url}/v1/chat/completions`, { body: question })
  const answer = await response.catch(() => undefined)
  if (answer === undefined) return "dropped"
  const pieces: Array<Buffer> = []
  answer.on("data", (bytes: Buffer) => pieces.push(bytes))
  await new Promise((resolve) => answer.on("close", resolve))
  const error = JsonObject.orEmpty(JsonObject.orEmpty(JSON.parse(Buffer.concat(pieces).toString()))["error"])
  return answer.statusCode === 200
    ? "200"
    : `${answer.statusCode} ${String(error["code"])} ${answer.headers["retry-after"]}`
}

describe("a gateway that may open few files", () => {
  for (const workers of [1, 2]) {
    it.scopedLive(`answers or drops every caller, blames no backend and is well afterwards; workers: ${workers}`, () =>
      Effect.gen(function* () {
        // Slow enough for all to be under way at once.
        const upstream = yield* ScriptedUpstream.make(async (call) => {
          await sleep(500)
          ScriptedUpstream.answerWell("Hello")(call)
        })
        const folder = yield* Temp.directory
        const backend = (name: string) =>
          `  - { name: ${name}, base_url: "${upstream.url}", model_match: { type: exact, value: [demo] } }`
        const server = `server: { workers: ${workers}, operator_endpoints: true }`
        fs.writeFileSync(
          `${folder}/config.yaml`,
          ["openai_clients:", backend("a"), backend("b"), server, ""].join("\n")
        )
        // Fewer are too few for Node to read the modules, which it does many at a time.
        const child = yield* ChildGateway.make({
          folder,
          flags: ["--port", "0"],
          env: { LOG_FORMAT: "json", CAUSEWAY_BEAT: "100" },
          first: "ulimit -n 80"
        })
        const asked = yield* Effect.promise(async () => {
          const url = await child.url
          const asked: Array<string> = []
          for (const callers of [30, 30, 90 * workers]) {
            asked.push(...(await Promise.all(Array.from({ length: callers }, () => ask(url)))))
          }
          return asked
        })
        const overloaded = asked.filter((each) => each === "503 overloaded 1")
        assert.includeMembers(["200", "503 overloaded 1", "dropped"], [...new Set(asked)])
        assert.isAbove(overloaded.length, 0)
        assert.include(asked, "200")

        const url = yield* Effect.promise(() => child.url)
        const after = yield* Effect.promise(() => Promise.all([ask(url), ask(url), ask(url)]))
        assert.deepStrictEqual(after, ["200", "200", "200"])
        const state = yield* Effect.promise(() => fetch(`${url}/v1/backends`).then(Caller.json))
        for (const each of JsonObject.listOf(state["data"])) {
          assert.strictEqual(JsonObject.orEmpty(each)["state"], "closed")
        }
        child.kill("SIGTERM")
        assert.strictEqual(yield* Effect.promise(() => child.exit), 0)
        const lines = (text: string) => child.stderr().split(text).length - 1
        assert.strictEqual(lines("may open 80 files (ulimit -n)"), 1)
        assert.isAtMost(lines("Requests are refused: the gateway has too little of its own"), workers)
        assert.strictEqual(lines("Closed → Open"), 0)
      })
    )
  }
})
