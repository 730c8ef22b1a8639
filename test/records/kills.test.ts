import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ChildGateway from "../support/ChildGateway.js"
import * as Database from "../support/Database.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import { until } from "../support/Until.js"
import * as Archiving from "../support/Archiving.js"
import * as Kills from "../support/Kills.js"
import * as Temp from "../support/Temp.js"

// The long runs are in test/records.
describe("a process that is killed", () => {
  it.scopedLive("loses nothing that a caller saw end, under log.durability: sync", () =>
    Effect.gen(function* () {
      const toll = yield* Kills.run(yield* Temp.directory, "sync", 1)
      assert.isAbove(toll.seen, 5)
      assert.deepStrictEqual([toll.lost, toll.doubled], [[], 0])
    })
  )

  it.scopedLive("leaves a row of each exchange that ran for a while", () =>
    Effect.forEach(["relaxed", "wal", "sync"], killedWhileRunning, { concurrency: "unbounded" })
  )

  it.scopedLive("keeps every row once when it dies while it archives", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const toll = yield* Effect.promise(() => Archiving.run(folder, 1))
      assert.deepStrictEqual([toll.lost, toll.doubled, toll.leftovers], [[], 0, []])
      assert.isAbove(toll.archives, 3)
    })
  )
})

const killedWhileRunning = (durability: string) =>
  Effect.gen(function* () {
    const folder = yield* Temp.directory
    const backend = yield* ScriptedUpstream.make((call) => {
      // The one breaks off in the middle, the other never begins.
      if (call.received.body["stream"] === true) call.events(ScriptedUpstream.chunk({ content: "on" }))
    })
    fs.writeFileSync(
      `${folder}/config.yaml`,
      `openai_clients:
  - { name: held, base_url: "${backend.url}", model_match: { type: exact, value: held } }
  - { name: demo, base_url: "demo:", model_match: { type: exact, value: demo } }
log: { durability: ${durability} }\n`
    )
    const options = { folder, flags: ["--port", "0"], env: { LOG_LEVEL: "warn" } }
    const gateway = yield* ChildGateway.make(options)
    yield* Effect.promise(async () => {
      const url = await gateway.url
      const ask = (model: string, stream: boolean) =>
        fetch(`${url}/v1/chat/completions`, {
          method: "POST",
          body: JSON.stringify({ model, stream, messages: [{ role: "user", content: "Hi" }] })
        })
      const held = [true, false].map((stream) =>
        ask("held", stream)
          .then((answer) => answer.text())
          .catch(() => "")
      )
      // Long enough that there is a note of it, which its end takes back.
      const words = Array.from({ length: 20 }, () => "word").join(" ")
      await (await ask("demo", true)).text()
      const long = await fetch(`${url}/v1/chat/completions`, {
        method: "POST",
        body: JSON.stringify({ model: "demo", stream: true, messages: [{ role: "user", content: words }] })
      })
      await long.text()
      const noted = () =>
        Temp.names(folder)
          .filter((name) => name.endsWith(".notes"))
          .map((name) => fs.readFileSync(`${folder}/${name}`, "utf8"))
          .join("")
      await until(() => new Set(noted().match(/"Backend":"held","Stream":[01]/g)).size === 2)
      await until(() => /"TtftMs":\d[^\n]*\n/.test(noted()))
      await until(() => Database.records(`${folder}/record.db`).length === 2)
      gateway.kill("SIGKILL")
      await gateway.exit
      await Promise.all(held)
    })
    const next = yield* ChildGateway.make(options)
    yield* Effect.promise(async () => {
      await next.url
      next.kill("SIGTERM")
      await next.exit
    })
    const rows = Database.records(`${folder}/record.db`)
    const interrupted = rows.filter(({ Outcome }) => Outcome === "Interrupted")
    assert.deepStrictEqual(
      interrupted
        .map(({ Backend, Error, RequestedModel, Status, Stream }) => [RequestedModel, Backend, Stream, Status, Error])
        .sort(),
      [
        ["held", "held", 0, null, "the process ended before the exchange did"],
        ["held", "held", 1, 200, "the process ended before the exchange did"]
      ]
    )
    assert.deepStrictEqual(
      rows.filter((row) => !interrupted.includes(row)).map(({ Outcome }) => Outcome),
      ["Completed", "Completed"]
    )
    assert.deepStrictEqual(
      Temp.names(folder).filter((name) => name.includes("spool")),
      []
    )
  })
