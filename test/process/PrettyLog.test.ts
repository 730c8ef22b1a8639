import { Console as NodeConsole } from "node:console"
import * as fs from "node:fs"
import { Writable } from "node:stream"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Logger from "effect/Logger"
import * as PrettyLog from "../../src/process/PrettyLog.js"
import * as ChildGateway from "../support/ChildGateway.js"
import * as Hostile from "../support/Hostile.js"
import * as Temp from "../support/Temp.js"

const texts = fc.sample(Hostile.text, { seed: 20_261_130, numRuns: 40 })

/** What a program logs for people. */
const logged = (program: Effect.Effect<void>) =>
  Effect.gen(function* () {
    let text = ""
    // What is read of a stream is all of it in some Nodes, and a piece in others.
    const stream = new Writable({
      write: (piece: Buffer, _, done) => {
        text += piece.toString()
        done()
      }
    })
    const console = yield* Console.consoleWith(Effect.succeed)
    yield* program.pipe(
      Effect.provide(Logger.replace(Logger.defaultLogger, PrettyLog.make())),
      Effect.withConsole({ ...console, unsafe: new NodeConsole({ stdout: stream, stderr: stream }) })
    )
    return text
  })

/** Each line begins as a line of the log, or belongs to the one above; nothing in it is acted upon. */
const isWell = (log: string): void => {
  assert.deepStrictEqual(Hostile.actedUpon(log), [], JSON.stringify(log))
  for (const line of log.trimEnd().split("\n")) assert.match(line, /^(?:\[[\d:.]+\] [A-Z]+ \(#\d+\):| {2})/)
}

describe("the log for people", () => {
  it.effect("shows messages, annotations and failures, and acts upon none", () =>
    Effect.gen(function* () {
      for (const text of texts) {
        isWell(
          yield* logged(
            Effect.logInfo(text, { [text]: text }, new Error(text)).pipe(
              Effect.annotateLogs({ [text]: text, n: 1, o: { text } })
            )
          )
        )
        isWell(yield* logged(Effect.logError(Cause.die(new Error(text, { cause: new Error(text) })))))
        isWell(yield* logged(Effect.logError(text, Cause.fail({ text }))))
      }
    })
  )

  it.effect("is the one of Effect for what is harmless", () =>
    Effect.gen(function* () {
      const log = yield* logged(
        Effect.logWarning("It broke", 7, "again", Cause.die(new TypeError("no"))).pipe(
          Effect.annotateLogs({ model: "m", ms: 12 })
        )
      )
      assert.match(
        log,
        /^\[[\d:.]+\] WARN \(#\d+\): It broke\n {2}TypeError: no\n( {6}at .*\n)+ {2}7\n {2}again\n {2}model: m\n {2}ms: 12\n$/
      )
    })
  )

  it.effect("cuts what is long", () =>
    Effect.gen(function* () {
      const long = "x".repeat(1_000_000)
      assert.isBelow((yield* logged(Effect.annotateLogs(Effect.logInfo(long), { long }))).length, 2_200)
    })
  )
})

for (const format of ["pretty", "json"]) {
  it.scopedLive(`what callers ask for is logged, not acted upon: ${format}`, () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      fs.writeFileSync(
        `${folder}/config.yaml`,
        "openai_clients: [{ name: a, base_url: 'demo:', model_match: { type: exact, value: a } }]"
      )
      const env = { LOG_FORMAT: format, LOG_FILE: `${folder}/log` }
      const gateway = yield* ChildGateway.make({ folder, flags: ["--port", "0"], env })
      const url = yield* Effect.promise(() => gateway.url)
      for (const model of texts) {
        const body = JSON.stringify({ model, messages: [{ role: "user", content: "Hi" }] })
        yield* Effect.promise(() =>
          fetch(`${url}/v1/chat/completions`, { method: "POST", body }).then((answer) => answer.text())
        )
      }
      gateway.kill("SIGTERM")
      yield* Effect.promise(() => gateway.exit)
      const file = fs.readFileSync(`${folder}/log`, "utf8")
      for (const text of [gateway.stderr(), file]) assert.include(text, "exchange")
      if (format === "pretty") isWell(gateway.stderr())
      for (const text of format === "pretty" ? [file] : [file, gateway.stderr()]) {
        assert.deepStrictEqual(Hostile.actedUpon(text), [])
        for (const line of text.trimEnd().split("\n")) JSON.parse(line)
      }
    })
  )
}
