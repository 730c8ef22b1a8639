import { spawn } from "node:child_process"
import { assert, describe, it } from "@effect/vitest"

const built = (path: string) => JSON.stringify(new URL(`../../dist/${path}`, import.meta.url).href)

/** Runs a module in a process with a heap of so many MiB; true when it lived to say that all is well. */
const survives = (heap: number, code: string): Promise<boolean> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [`--max-old-space-size=${heap}`, "--input-type=module", "-e", code], {
      stdio: ["ignore", "pipe", "ignore"]
    })
    let said = ""
    child.stdout.on("data", (bytes: Buffer) => (said += bytes.toString()))
    child.on("close", () => resolve(said === "well"))
  })

/** The heap, and everything in buffers outside of it, after `make` has made what is held. */
const holds = (code: string, most: number) =>
  `${code}\nconst { heapUsed, external, arrayBuffers } = process.memoryUsage()\n` +
  `const used = heapUsed + external\nprocess.stdout.write(used < ${most} && held !== undefined ? "well" : String(used))`

const size = 4_000_000

const pieces = `const pieces = function* () { for (let n = 0; n < ${size}; n++) yield Buffer.of(97) }\n`

describe("bytes that come one by one", () => {
  it("are gathered in twice their memory", async () => {
    const code = `import { Gathered } from ${built("flow/Gathered.js")}\n${pieces}
const held = new Gathered()
for (const piece of pieces()) held.push(piece)
global.gc?.()
if (held.bytes().length !== ${size}) process.exit(1)`
    assert.isTrue(await survives(48, holds(code, 64 * 1024 * 1024)))
  })

  it("make an answer that a small heap can hold", async () => {
    const code = `
import * as ChunkStage from ${built("upstream/attempt/ChunkStage.js")}
import * as AnswerRepair from ${built("domain/chat/answer/AnswerRepair.js")}\n${pieces}
const repair = AnswerRepair.make({ operation: "chat", id: "x", model: "m", created: 1, prefix: "", includeUsage: false, cumulative: false })
const held = ChunkStage.of({ headers: { "content-type": "application/json" } }, { repair, takeWhole: () => {} })
for (const piece of pieces()) held.push(piece)`
    assert.isTrue(await survives(48, holds(code, 96 * 1024 * 1024)))
  })

  it("wait for who is to hear them in a small heap", async () => {
    const code = `import * as UpstreamCall from ${built("upstream/UpstreamCall.js")}
import * as LightScope from ${built("flow/LightScope.js")}
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
\n${pieces}
let handler
const options = { origin: "http://a", path: "/", method: "GET", headers: {}, body: null, connectTimeout: Duration.seconds(1), headLimit: { after: 1_000, failure: () => "late" } }
const scope = LightScope.make()
Effect.runFork(UpstreamCall.open(scope, { dispatch: (_, given) => (handler = given) }, options))
const controller = { pause() {}, resume() {}, abort() {} }
handler.onRequestStart(controller)
handler.onResponseStart(controller, 200, {})
for (const piece of pieces()) handler.onResponseData(controller, piece)
const held = [scope, handler]`
    assert.isTrue(await survives(48, holds(code, 96 * 1024 * 1024)))
  })

  it("make an event that a small heap can hold", async () => {
    const code = `import * as SseEvents from ${built("domain/wire/SseEvents.js")}
const held = SseEvents.make()
held.push("data: ")
for (let n = 0; n < ${size}; n++) held.push("漢a")`
    assert.isTrue(await survives(48, holds(code, 96 * 1024 * 1024)))
  })

  it("end a process where each piece is kept", async () => {
    const code = `${pieces}const held = []\nfor (const piece of pieces()) held.push(piece)`
    assert.isFalse(await survives(48, holds(code, 96 * 1024 * 1024)))
  })
})
