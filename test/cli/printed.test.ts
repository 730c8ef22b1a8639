import * as fs from "node:fs"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Check from "../../src/cli/Check.js"
import * as Explain from "../../src/cli/Explain.js"
import * as Init from "../../src/cli/Init.js"
import * as Log from "../../src/cli/Log.js"
import * as Ping from "../../src/cli/Ping.js"
import type { LoggedRecord } from "../../src/domain/record/RequestRecord.js"
import * as MonthlyRotation from "../../src/records/store/MonthlyRotation.js"
import * as CommandLine from "../support/CommandLine.js"
import * as Hostile from "../support/Hostile.js"
import * as LogLines from "../support/LogLines.js"
import * as Records from "../support/Records.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as Temp from "../support/Temp.js"

const platform = Layer.mergeAll(NodeFileSystem.layer, NodePath.layer, LogLines.make().layer)

/** Whatever is printed, and told of a failure, holds nothing that a terminal acts upon. */
const shows = ({ err, out }: CommandLine.Ran): string => {
  assert.deepStrictEqual(Hostile.actedUpon(out.replaceAll("\r\n", "\n")), [])
  assert.deepStrictEqual(Hostile.actedUpon(err), [])
  assert.notMatch(out + err, /^req_forged/m)
  return out
}

const linesOf = (text: string): ReadonlyArray<string> => text.split("\n").slice(0, -1)

/** The same texts each time. */
const sample = (count: number) => fc.sample(Hostile.text, { seed: 20_261_130, numRuns: count })

const hostileRow = (id: string, texts: ReadonlyArray<string>): LoggedRecord => {
  const [a = "", b = "", c = "", d = "", e = ""] = texts
  const attempt = { backend: a, model: b, failure: c, status: 200, ms: 5, rescue: d }
  return {
    ...Records.record(id),
    IP: a,
    Model: b,
    RequestedModel: c,
    Backend: d,
    Outcome: e,
    FinishReason: a,
    Type: b,
    Caller: c,
    Cleaned: d,
    Error: d,
    Attempts: JSON.stringify([attempt]),
    Headers: JSON.stringify({ [a]: b }),
    Request: JSON.stringify({ model: c, [d]: [e] }),
    Response: e
  }
}

const Listed = Schema.parseJson(Schema.Struct({ Model: Schema.String }))

const rows = Array.from({ length: 60 }, (_, n) => hostileRow(`row${n}`, sample(300).slice(5 * n, 5 * n + 5)))

const records = Effect.gen(function* () {
  const path = `${yield* Temp.directory}/record.db`
  yield* MonthlyRotation.make({ path }).pipe(
    Effect.flatMap((database) => database.appendAll(rows)),
    Effect.scoped,
    Effect.provide(platform)
  )
  return path
})

describe("what a caller or a backend said is printed, not acted upon,", () => {
  it.scopedLive("by causeway log, one line for each record", () =>
    Effect.gen(function* () {
      const path = yield* records
      const log = (...args: ReadonlyArray<string>) =>
        Effect.map(CommandLine.run(Log.command, [...args, "--records", path]), shows)
      assert.lengthOf(linesOf(yield* log("list", "-n", "100")), rows.length + 1)
      assert.lengthOf(linesOf(yield* log("export", "--format", "csv")), rows.length + 1)
      const listed = linesOf(yield* log("list", "-n", "100", "--json"))
      const exported = linesOf(yield* log("export"))
      for (const lines of [listed, exported]) {
        assert.lengthOf(lines, rows.length)
        const models = lines.map((line) => Schema.decodeUnknownSync(Listed)(line).Model)
        assert.sameMembers(
          models,
          rows.map(({ Model }) => Buffer.from(Model ?? "").toString())
        )
      }
      const by = ["model", "backend", "outcome", "caller"].flatMap((dimension) => ["--by", dimension])
      const sums = linesOf(yield* log("stats", ...by, "--json"))
      assert.lengthOf(linesOf(yield* log("stats", ...by)), sums.length + 2)
      for (const { id } of rows) {
        assert.match(yield* log("show", id), new RegExp(`^id +${id}$`, "m"))
        assert.lengthOf(linesOf(yield* log("show", id, "--json")), 1)
      }
      for (const text of sample(20)) yield* log("show", `x${text}`)
    })
  )

  it.scopedLive("by check and explain, of a configuration that holds it and of one that is wrong", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const check = (...args: ReadonlyArray<string>) => Effect.map(CommandLine.run(Check.command, args), shows)
      const explain = (...args: ReadonlyArray<string>) => Effect.map(CommandLine.run(Explain.command, args), shows)
      for (const [n, text] of sample(60).entries()) {
        const file = `${folder}/${n % 2 === 0 ? "c" : text.replaceAll(/[/\0]/g, "")}.yaml`
        const backend = { name: text, base_url: "demo:", model_match: { value: [text, text] }, fallback: text }
        const wrong = n % 3 === 0 ? { [text]: text, priority: text } : { extra_body: { [text]: text } }
        fs.writeFileSync(file, JSON.stringify({ openai_clients: [{ ...backend, ...wrong }] }))
        fs.writeFileSync(`${folder}/body.json`, JSON.stringify({ messages: [{ role: "user", content: text }] }))
        for (const json of [[], ["--json"]]) {
          yield* check(file, "--offline", ...json)
          yield* explain("--model", `x${text}`, "--config", file, ...json)
          yield* explain("--model", text, "--body", `${folder}/body.json`, "--config", file, ...json)
        }
      }
    })
  )

  it.scopedLive("by ping, of a backend that answers with it", () =>
    Effect.gen(function* () {
      const texts = sample(40)
      let asked = 0
      const upstream = yield* ScriptedUpstream.make((call) =>
        call.json(400, { error: { message: texts[asked++ % texts.length], type: "x" } })
      )
      const folder = yield* Temp.directory
      const backends = texts.map((text, n) => ({
        name: `${n}${text}`,
        base_url: upstream.url,
        model_match: { value: text }
      }))
      fs.writeFileSync(`${folder}/c.yaml`, JSON.stringify({ openai_clients: backends }))
      for (const json of [[], ["--json"]]) {
        const out = shows(yield* CommandLine.run(Ping.command, ["--config", `${folder}/c.yaml`, ...json]))
        assert.include(out, "rejected with 400")
      }
      shows(yield* CommandLine.run(Ping.command, ["--config", `${folder}/c.yaml`, "--backend", texts.join("")]))
    })
  )

  it.scopedLive("by init, of a file's name", () =>
    Effect.gen(function* () {
      for (const text of sample(20)) {
        const path = `${yield* Temp.directory}/${text.replaceAll(/[/\0]/g, "")}.yaml`
        const first = yield* CommandLine.run(Init.command, [path])
        const second = yield* CommandLine.run(Init.command, [path, "--json"])
        assert.deepStrictEqual([first.ok, second.ok], [true, false], first.err)
        assert.lengthOf(linesOf(shows(first)), 2)
        assert.strictEqual(shows(second), "")
      }
    })
  )
})
