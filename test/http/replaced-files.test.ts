import * as fs from "node:fs"
import { dirname } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ConfigRef from "../../src/config/ConfigRef.js"
import * as Caller from "../support/Caller.js"
import * as LogLines from "../support/LogLines.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as Temp from "../support/Temp.js"
import * as TestGateway from "../support/TestGateway.js"

/** One of two texts of the same size; each of its lines after the fifth ends a valid beginning. */
const textOf = (url: string, version: "old" | "new"): string =>
  ["openai_clients:", ...["a", "b", "c"].map((name) => entryOf(name, url, version)), "# that is all", ""].join("\n")

const entryOf = (name: string, url: string, version: string): string =>
  `  - { name: ${name}, base_url: "${url}", special_prefix: ${version}, model_match: { type: exact, value: m-${name} } }`

interface Place {
  readonly path: string
  readonly was: string
  readonly will: string
  readonly line: LogLines.LogLines["line"]
}

const complaint = "the last good one stays in force"

type End = "unchanged" | void

/** The ways in which files are replaced; those that come back with nothing new say so. */
const ways: Readonly<Record<string, (place: Place) => Promise<End> | void>> = {
  "emptied and written in pieces": async ({ path, will }) => {
    const lines = will.split("\n")
    fs.writeFileSync(path, "")
    for (const [n, line] of lines.entries()) {
      await pause(250)
      fs.appendFileSync(path, n === lines.length - 1 ? line : `${line}\n`)
    }
  },
  "renamed over": ({ path, will }) => Temp.replace(path, will),
  "behind a link whose folder is swapped": ({ path, will }) => {
    const folder = dirname(path)
    fs.mkdirSync(`${folder}/..new`)
    fs.writeFileSync(`${folder}/..new/config.yaml`, will)
    fs.symlinkSync("..new", `${folder}/..data.tmp`)
    fs.renameSync(`${folder}/..data.tmp`, `${folder}/..data`)
    fs.rmSync(`${folder}/..old`, { recursive: true })
  },
  "of the same size and time": ({ path, will }) => {
    const { atime, mtime, size } = fs.statSync(path)
    fs.writeFileSync(path, will)
    fs.utimesSync(path, atime, mtime)
    assert.strictEqual(fs.statSync(path).size, size)
  },
  "saved by an editor that renames the old one away": async ({ path, will }) => {
    fs.renameSync(path, `${path}~`)
    await pause(100)
    fs.writeFileSync(path, will)
    fs.rmSync(`${path}~`)
  },
  "only touched": async ({ path }): Promise<End> => {
    fs.utimesSync(path, new Date(), new Date())
    await pause(2_500)
    return "unchanged"
  },
  "gone for a moment": async ({ path, was }): Promise<End> => {
    fs.rmSync(path)
    await pause(200)
    fs.writeFileSync(path, was)
    await pause(2_500)
    return "unchanged"
  },
  "gone for long, then back": async ({ line, path, will }) => {
    fs.rmSync(path)
    await line(complaint)
    fs.writeFileSync(path, will)
  },
  "half there, which is YAML but no configuration": async ({ line, path, will }) => {
    fs.writeFileSync(path, `${will.slice(0, will.indexOf(", model_match"))} }\n`)
    await line(complaint)
    fs.writeFileSync(path, will)
  },
  "written with a byte order mark": ({ path, will }) => fs.writeFileSync(path, `\uFEFF${will}`),
  "not to be read for a while": async ({ line, path, will }) => {
    if (process.getuid?.() === 0) {
      fs.rmSync(path)
      fs.mkdirSync(path)
    } else fs.chmodSync(path, 0)
    await line(complaint)
    fs.rmSync(path, { recursive: true })
    fs.writeFileSync(path, will)
  }
}

/** The file where a way wants it: plain, or behind a link whose folder is swapped. */
const placed = (folder: string, name: string, text: string): string => {
  const path = `${folder}/config.yaml`
  if (!name.includes("link")) {
    fs.writeFileSync(path, text)
    return path
  }
  fs.mkdirSync(`${folder}/..old`)
  fs.writeFileSync(`${folder}/..old/config.yaml`, text)
  fs.symlinkSync("..old", `${folder}/..data`)
  fs.symlinkSync("..data/config.yaml", path)
  return path
}

describe.concurrent("a configuration file that is replaced under load, with never an answer that should not be", () => {
  for (const [name, replace] of Object.entries(ways)) {
    it.scopedLive(
      name,
      () =>
        Effect.gen(function* () {
          const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hello"))
          const [was, will] = [textOf(upstream.url, "old"), textOf(upstream.url, "new")]
          const path = placed(yield* Temp.directory, name, was)
          const log = LogLines.make()
          const file = ConfigRef.layerFile(path).pipe(Layer.provide(NodeFileSystem.layer), Layer.provide(log.layer))
          const context = yield* Layer.build(file)
          const gateway = yield* TestGateway.make({ openai_clients: [] }, Layer.succeedContext(context))

          let isOver = false
          const ask = async (model: string): Promise<ReadonlyArray<string>> => {
            const heard: Array<string> = []
            while (!isOver || heard.length === 0) {
              heard.push((await Caller.ask(gateway.client, false, model)).content)
              await pause(20)
            }
            return heard
          }
          const load = Promise.all(["m-a", "m-b", "m-c"].map(ask))
          // A request that fails is told at the end.
          load.catch(() => {})
          const end = yield* Effect.promise(async () => replace({ path, was, will, line: log.line }))
          if (end !== "unchanged") yield* Effect.promise(() => log.line("Configuration reloaded"))
          yield* Effect.promise(() => pause(300))
          isOver = true
          const [before, after] = ["old\nHello", "new\nHello"]
          for (const heard of yield* Effect.promise(() => load)) {
            const turn = heard.indexOf(after)
            const expected = heard.map((_, n) => (turn !== -1 && n >= turn ? after : before))
            assert.deepStrictEqual(heard, expected)
            assert.strictEqual(turn === -1, end === "unchanged")
          }
          const told = log.lines.filter((line) => line.startsWith("INFO"))
          const changed = ["a", "b", "c"].map((each) => `${each} (special_prefix)`).join(", ")
          const reloaded = `INFO Configuration reloaded from ${path}: changed: ${changed}`
          assert.deepStrictEqual(told, end === "unchanged" ? [] : [reloaded])
          if (end === "unchanged") assert.deepStrictEqual(log.lines, [])
        }),
      // What is taken too soon is so each time; a machine that others use stops a writer for longer than it pauses.
      { timeout: 20_000, retry: 2 }
    )
  }
})
