import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ChildGateway from "../support/ChildGateway.js"
import * as Database from "../support/Database.js"
import * as Temp from "../support/Temp.js"
import { until } from "../support/Until.js"

const config = `openai_clients: [{ name: demo, base_url: "demo:", model_match: { type: exact, value: demo } }]\n`

const ask = async (url: string): Promise<void> => {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"model":"demo","messages":[{"role":"user","content":"Hello"}]}'
  })
  assert.strictEqual(response.status, 200)
  await response.text()
}

// As docs/deploying.md has it.
describe("a back-up of the records", () => {
  it.scopedLive("is made while the gateway runs and writes, and is gone on with by another", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      fs.writeFileSync(`${folder}/config.yaml`, config)
      const start = (recordPath: string) =>
        ChildGateway.make({ folder, flags: ["--port", "0"], env: { RECD_PATH: recordPath } })
      const live = `${folder}/live.db`
      const first = yield* start(live)
      yield* Effect.promise(async () => {
        const url = await first.url
        await ask(url)
        await until(() => Database.records(live).length === 1)
        Database.execute(live, `VACUUM INTO '${folder}/copy.db'`)
        await ask(url)
        await until(() => Database.records(live).length === 2)
        first.kill("SIGTERM")
        assert.strictEqual(await first.exit, 0)
      })
      assert.lengthOf(Database.records(live), 2)
      const second = yield* start(`${folder}/copy.db`)
      yield* Effect.promise(async () => {
        await ask(await second.url)
        second.kill("SIGTERM")
        assert.strictEqual(await second.exit, 0)
      })
      assert.lengthOf(Database.records(`${folder}/copy.db`), 2)
      // Whole by itself, as the one that was stopped is.
      assert.deepStrictEqual(
        Temp.names(folder).filter((name) => /-wal|-shm|spool/.test(name)),
        []
      )
    })
  )
})
