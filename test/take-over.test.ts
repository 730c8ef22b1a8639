import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as http from "node:http"
import { createInterface } from "node:readline"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Database from "./support/Database.js"
import * as ScriptedUpstream from "./support/ScriptedUpstream.js"
import * as Temp from "./support/Temp.js"
import { until } from "./support/Until.js"

const launcher = new URL("support/handSocket.mjs", import.meta.url).pathname
const program = new URL("../dist/bin/main.js", import.meta.url).pathname

/** A socket, and gateways that are begun with it. */
const makeSocket = Effect.acquireRelease(
  Effect.sync(() => {
    const child = spawn(process.execPath, ["--no-deprecation", launcher, program], {
      env: { PATH: process.env["PATH"], LOG_LEVEL: "warn" },
      stdio: ["pipe", "pipe", "inherit"]
    })
    const said: Array<string> = []
    createInterface({ input: child.stdout }).on("line", (line) => said.push(line))
    const pids = () => said.flatMap((line) => /^serves (\d+)/.exec(line)?.slice(1).map(Number) ?? [])
    const begin = async (folder: string) => {
      const before = pids().length
      child.stdin.write(`${folder}\n`)
      await until(() => pids().length > before)
      return pids().at(-1) ?? 0
    }
    const end = async (pid: number) => {
      process.kill(pid, "SIGTERM")
      await until(() => said.some((line) => line.startsWith(`ended ${pid} `)))
      return said
        .find((line) => line.startsWith(`ended ${pid} `))
        ?.split(" ")
        .at(-1)
    }
    const port = async () => {
      await until(() => said.length > 0)
      return Number(said[0]?.split(" ").at(-1))
    }
    return { child, pids, begin, end, port }
  }),
  ({ child, pids }) =>
    Effect.sync(() => {
      for (const pid of pids()) {
        try {
          process.kill(pid, "SIGKILL")
        } catch {
          // It has ended.
        }
      }
      child.kill("SIGKILL")
    })
)

/** Asks again and again, each caller over connections of its kind, until it is told to stop; what became of each. */
const makeCallers = (port: number, count: number) => {
  let isOver = false
  const seen = new Map<string, number>()
  const ask = (agent: http.Agent): Promise<string> =>
    new Promise((resolve) => {
      const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: "Hi" }] })
      const request = http.request(
        { agent, port, host: "127.0.0.1", method: "POST", path: "/v1/chat/completions" },
        (response) => {
          response.resume().on("end", () => resolve(String(response.statusCode)))
          response.on("error", (error) => resolve(error.message))
        }
      )
      request.on("error", (error) => resolve(error.message))
      request.end(body)
    })
  const call = async (agent: http.Agent): Promise<void> => {
    while (!isOver) {
      const how = await ask(agent)
      seen.set(how, (seen.get(how) ?? 0) + 1)
    }
  }
  const all = Array.from({ length: count }, (_, n) => call(new http.Agent({ keepAlive: n % 2 === 0, maxSockets: 1 })))
  const stop = async () => {
    isOver = true
    await Promise.all(all)
    return Object.fromEntries(seen)
  }
  return { stop, answered: () => seen.get("200") ?? 0 }
}

describe.concurrent("a gateway that is handed a socket", () => {
  for (const [workers, rounds] of [
    [1, 2],
    [2, 1]
  ] as const) {
    it.scopedLive(`is taken over from without a request that is refused, reset or lost: workers ${workers}`, () =>
      Effect.gen(function* () {
        const upstream = yield* ScriptedUpstream.make(async (call) => {
          // So that there is always something under way.
          await new Promise((resolve) => setTimeout(resolve, 5))
          ScriptedUpstream.answerWell("Hi")(call)
        })
        const folder = yield* Temp.directory
        fs.writeFileSync(
          `${folder}/config.yaml`,
          `openai_clients: [{ name: a, base_url: "${upstream.url}", model_match: { type: exact, value: m } }]
server: { workers: ${workers}, drain: 10s }\n`
        )
        const socket = yield* makeSocket
        yield* Effect.promise(async () => {
          let present = await socket.begin(folder)
          const callers = makeCallers(await socket.port(), 4)
          for (let round = 0; round < rounds; round++) {
            const next = await socket.begin(folder)
            const before = callers.answered()
            await until(() => callers.answered() > before + 20)
            assert.strictEqual(await socket.end(present), "0")
            present = next
          }
          const seen = await callers.stop()
          assert.deepStrictEqual(Object.keys(seen), ["200"], JSON.stringify(seen))
          assert.strictEqual(await socket.end(present), "0")
          assert.lengthOf(Database.records(`${folder}/record.db`), seen["200"] ?? 0)
        })
      })
    )
  }
})
