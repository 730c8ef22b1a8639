import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ChildGateway from "../support/ChildGateway.js"
import * as Database from "../support/Database.js"
import * as Temp from "../support/Temp.js"
import { until } from "../support/Until.js"

const source = new URL("../support/withoutSharedMemory.c", import.meta.url).pathname

describe("a database on a mount without shared memory", () => {
  it.scopedLive(
    "takes all rows of several processes all the same, is read meanwhile, and is said once to be so",
    (context) =>
      Effect.gen(function* () {
        const folder = yield* Temp.directory
        const library = `${folder}/without.so`
        const built = spawnSync("cc", ["-shared", "-fPIC", "-o", library, source, "-ldl"])
        if (built.status !== 0) return context.skip("there is no C compiler")
        fs.writeFileSync(
          `${folder}/config.yaml`,
          `openai_clients: [{ name: demo, base_url: "demo:", model_match: { type: exact, value: [demo] } }]
server: { workers: 2 }\n`
        )
        const env = { LD_PRELOAD: library, LOG_FORMAT: "json", LOG_LEVEL: "warn" }
        // A write-ahead log that was begun elsewhere is read, too.
        const before = new Database.Sqlite(`${folder}/record.db`)
        before.pragma("journal_mode = WAL")
        before.exec("CREATE TABLE other (a); INSERT INTO other VALUES (7)")
        fs.copyFileSync(`${folder}/record.db`, `${folder}/copy.db`)
        fs.copyFileSync(`${folder}/record.db-wal`, `${folder}/copy.db-wal`)
        before.close()
        for (const name of Temp.names(folder).filter((each) => each.startsWith("record.db")))
          fs.rmSync(`${folder}/${name}`)
        fs.renameSync(`${folder}/copy.db`, `${folder}/record.db`)
        fs.renameSync(`${folder}/copy.db-wal`, `${folder}/record.db-wal`)

        const gateway = yield* ChildGateway.make({ folder, flags: ["--port", "0"], env })
        const read = () => Database.records(`${folder}/record.db`).length
        yield* Effect.promise(async () => {
          const url = await gateway.url
          const ask = () =>
            fetch(`${url}/v1/chat/completions`, {
              method: "POST",
              headers: { connection: "close" },
              body: JSON.stringify({ model: "demo", messages: [{ role: "user", content: "Hi" }] })
            }).then((answer) => answer.text())
          await Promise.all(Array.from({ length: 20 }, ask))
          await until(() => read() === 20)
          const lines = listed(folder, library)
          assert.strictEqual(lines.trimEnd().split("\n").length, 5)
          gateway.kill("SIGTERM")
          assert.strictEqual(await gateway.exit, 0)
        })
        assert.strictEqual(read(), 20)
        assert.deepStrictEqual(Database.query(`${folder}/record.db`, "SELECT a FROM other"), [{ a: 7 }])
        assert.lengthOf(gateway.stderr().match(/has no write-ahead log/g) ?? [], 2)
        assert.notInclude(gateway.stderr(), "Records wait")
      })
  )
})

const program = new URL("../../dist/bin/main.js", import.meta.url).pathname

const listed = (folder: string, library: string): string =>
  spawnSync(process.execPath, [program, "log", "--json", "-n", "5"], {
    cwd: folder,
    env: { PATH: process.env["PATH"], LD_PRELOAD: library },
    encoding: "utf8"
  }).stdout
