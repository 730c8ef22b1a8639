import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ChildGateway from "./support/ChildGateway.js"
import * as NameServer from "./support/NameServer.js"
import * as ScriptedUpstream from "./support/ScriptedUpstream.js"
import * as Temp from "./support/Temp.js"

/** Where the name service of the test is; the system's resolver asks port 53 only. */
const service = "127.53.53.53"

/** Whether this process may give another one a name service of its own: it has to be root, on Linux. */
const mayMount = (() => {
  try {
    execFileSync("unshare", ["-m", "mount", "--bind", "/etc/hosts", "/etc/resolv.conf"], { stdio: "ignore" })
    return true
  } catch {
    return false
  }
})()

if (!mayMount) console.warn("test/names.test.ts needs root and Linux, for a name service of its own: skipped")

describe.skipIf(!mayMount)("a gateway whose providers have several name services", () => {
  it.scopedLive("serves what one of them knows while another is silent, and goes on reading its configuration", () =>
    Effect.gen(function* () {
      const names = yield* NameServer.make(service, 53)
      const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hi"))
      const { port } = new URL(upstream.url)
      names.zone.set("alive.test", ["127.0.0.1"])
      const entry = (name: string) =>
        `  - { name: ${name}, base_url: "http://${name}.test:${port}/v1", model_match: { type: exact, value: ${name} },` +
        ` retries: 0, timeouts: { connect: 60s } }\n`
      const dead = ["dead1", "dead2", "dead3"]
      for (const name of dead) names.zone.set(`${name}.test`, undefined)
      const config = `openai_clients:\n${["alive", ...dead].map(entry).join("")}`
      const folder = yield* Temp.directory
      fs.writeFileSync(`${folder}/config.yaml`, config)
      fs.writeFileSync(`${folder}/resolv.conf`, `nameserver ${service}\n`)
      const mounted = `mount --bind resolv.conf /etc/resolv.conf && exec "$0" "$@"`
      const child = yield* ChildGateway.make({
        folder,
        flags: ["serve", "--port", "0"],
        first: `exec unshare -m sh -c '${mounted}' "$0" "$@"`
      })
      const url = yield* Effect.promise(() => child.url)
      const leaving = new AbortController()
      const ask = async (model: string) => {
        const response = await fetch(`${url}/v1/chat/completions`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ model, messages: [{ role: "user", content: "Hi" }] }),
          signal: leaving.signal
        })
        await response.text()
        return response.status
      }
      const lost = Array.from({ length: 30 }, (_, at) => ask(dead[at % dead.length] ?? ""))
      // What asks for these names is under way.
      while (new Set(names.asked).size < dead.length) yield* Effect.promise(() => new Promise(setImmediate))
      const served = yield* Effect.promise(() => Promise.all(Array.from({ length: 15 }, () => ask("alive"))))
      assert.deepEqual(new Set(served), new Set([200]))
      Temp.replace(`${folder}/config.yaml`, config.replace("name: alive", "name: other"))
      const reloaded = async () => {
        while (!child.stderr().includes("Configuration reloaded"))
          await new Promise((resolve) => setTimeout(resolve, 20))
        return "reloaded"
      }
      const first = yield* Effect.promise(() =>
        Promise.race([reloaded(), Promise.allSettled(lost).then(() => "all are lost")])
      )
      assert.strictEqual(first, "reloaded")
      leaving.abort()
      yield* Effect.promise(() => Promise.allSettled(lost))
    })
  )
})
