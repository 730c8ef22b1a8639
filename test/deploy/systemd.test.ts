import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ConfigFile from "../../src/config/ConfigFile.js"
import * as StopDeadline from "../../src/domain/config/StopDeadline.js"
import * as Temp from "../support/Temp.js"
import * as Programs from "./Programs.js"

const unit = fs.readFileSync(new URL("../../deploy/systemd/causeway.service", import.meta.url), "utf8")

const analyze = "systemd-analyze"
const test = it.scoped.skipIf(Programs.find(analyze) === undefined)

/** The values that a unit gives to a key, in order. */
const valuesOf = (key: string): ReadonlyArray<string> =>
  unit
    .split("\n")
    .filter((line) => line.startsWith(`${key}=`))
    .map((line) => line.slice(key.length + 1))

/** What `systemd-analyze` says of this text of a unit, with the Node that is here. */
const analyzed = (text: string, ...args: ReadonlyArray<string>) =>
  Effect.map(Temp.directory, (folder) => {
    const file = `${folder}/causeway.service`
    fs.writeFileSync(file, text.replaceAll("/usr/bin/node", process.execPath))
    const { err, out } = Programs.run(analyze, [...args, file])
    // Of the machine's own units it tells, too.
    const said = `${out}${err}`.split("\n").filter((line) => line.includes("causeway.service"))
    return said.map((line) => line.replaceAll(folder, ""))
  })

describe("the unit for systemd", () => {
  test(Programs.titled("is understood, every line of it", analyze), () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* analyzed(unit, "verify"), [])
      const wrong = yield* analyzed(unit.replace("KillMode=", "KilMode="), "verify")
      assert.match(wrong.join("\n"), /KilMode/)
    })
  )

  test(Programs.titled("leaves the process little that it does not need", analyze), () =>
    Effect.gen(function* () {
      const said = yield* analyzed(unit, "security", "--offline=yes")
      const [, exposure] = /exposure level for causeway\.service: ([\d.]+)/.exec(said.join("\n")) ?? []
      assert.isAtMost(Number(exposure), 1.5)
    })
  )

  it.effect("gives it the time that it takes to stop, the files of its requests, and no ban on V8's compiler", () =>
    Effect.gen(function* () {
      const text = fs.readFileSync(new URL("../../config.yaml", import.meta.url), "utf8")
      const { server } = yield* ConfigFile.parse("config.yaml", text)
      assert.isAbove(Number(valuesOf("TimeoutStopSec")[0]), Duration.toSeconds(StopDeadline.of(server)))
      // A request needs two of them.
      assert.isAbove(Number(valuesOf("LimitNOFILE")[0]), 4 * server.maxInFlight)
      assert.deepStrictEqual(valuesOf("MemoryDenyWriteExecute"), [])
      // A stop is told to the primary, which tells its workers.
      assert.deepStrictEqual(valuesOf("KillMode"), ["mixed"])
    })
  )
})
