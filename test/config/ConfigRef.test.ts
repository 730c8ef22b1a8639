import * as fs from "node:fs"
import { dirname } from "node:path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as ConfigRef from "../../src/config/ConfigRef.js"
import * as Credentials from "../../src/domain/backend/Credentials.js"
import type * as GatewayConfig from "../../src/domain/config/GatewayConfig.js"
import type * as WorkerShare from "../../src/domain/config/WorkerShare.js"
import * as LogLines from "../support/LogLines.js"
import * as Temp from "../support/Temp.js"
import { asleep, until } from "../support/Until.js"

const text = (name: string) =>
  `openai_clients:\n  - name: ${name}\n    base_url: "demo:"\n    model_match: { value: [m] }\n`

const nameOf = ({ config }: ConfigRef.Snapshot) => config.backends[0]?.name

/** A reference to a file, whose changes come in a queue; the first is the one in force at the start. */
const watch = (path: string, seat?: WorkerShare.Seat) =>
  Effect.gen(function* () {
    const log = LogLines.make()
    const layer = ConfigRef.layerFile(path, seat).pipe(Layer.provide(NodeFileSystem.layer), Layer.provide(log.layer))
    const ref = Context.get(yield* Layer.build(layer), ConfigRef.ConfigRef)
    const changes = yield* Queue.unbounded<string | undefined>()
    yield* Effect.forkScoped(Stream.runForEach(ref.changes, (snapshot) => Queue.offer(changes, nameOf(snapshot))))
    yield* asleep()
    const look = Effect.zipRight(TestClock.adjust("500 millis"), asleep())
    // What has changed is looked at three times.
    const tick = Effect.replicateEffect(look, 3, { discard: true })
    return { changes, log, look, tick, current: ref.current, name: Effect.map(ref.current, nameOf) }
  })

const fileWith = (content: string) =>
  Effect.map(Temp.directory, (folder) => {
    const path = `${folder}/config.yaml`
    fs.writeFileSync(path, content)
    return path
  })

describe("ConfigRef.layerFile", () => {
  it.scoped("puts a changed file in force once it has been the same for a second, not before", () =>
    Effect.gen(function* () {
      const path = yield* fileWith(text("first"))
      const { changes, log, look, name, tick } = yield* watch(path)
      assert.strictEqual(yield* Queue.take(changes), "first")
      fs.writeFileSync(path, text("the-second"))
      yield* look
      yield* look
      yield* TestClock.adjust("499 millis")
      assert.strictEqual(yield* name, "first")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* Queue.take(changes), "the-second")
      assert.strictEqual(yield* name, "the-second")
      yield* asleep()
      yield* tick
      const told = "new backends: the-second; gone backends: first"
      assert.deepStrictEqual(log.lines, [`INFO Configuration reloaded from ${path}: ${told}`])
    })
  )

  it.scoped("waits for a file that is written in pieces, each of which is valid with what is before it", () =>
    Effect.gen(function* () {
      const whole = `${text("a")}${text("b").slice("openai_clients:\n".length)}# the end\n`
      const path = yield* fileWith(whole)
      const { current, log, look, tick } = yield* watch(path)
      const count = Effect.map(current, ({ config }) => config.backends.length)
      fs.writeFileSync(path, "")
      for (const piece of [text("a"), whole.slice(text("a").length, -10)]) {
        yield* look
        yield* look
        fs.appendFileSync(path, piece)
        assert.strictEqual(yield* count, 2)
      }
      yield* look
      fs.appendFileSync(path, whole.slice(-10))
      yield* tick
      assert.strictEqual(yield* count, 2)
      assert.deepStrictEqual(log.lines, [])
    })
  )

  it.scoped("sees another text of the same size and time", () =>
    Effect.gen(function* () {
      const path = yield* fileWith(text("one"))
      const { name, tick } = yield* watch(path)
      const { atime, mtime } = fs.statSync(path)
      fs.writeFileSync(path, text("two"))
      fs.utimesSync(path, atime, mtime)
      yield* tick
      assert.strictEqual(yield* name, "two")
    })
  )

  it.scoped("does nothing where only the time of a file is new", () =>
    Effect.gen(function* () {
      const path = yield* fileWith(text("one"))
      const { log, tick } = yield* watch(path)
      fs.utimesSync(path, new Date(0), new Date(0))
      yield* tick
      fs.writeFileSync(path, text("one"))
      yield* tick
      assert.deepStrictEqual(log.lines, [])
    })
  )

  it.scoped("reads a key from its file, and again when it changes; one that is gone or empty changes nothing", () =>
    Effect.gen(function* () {
      const path = yield* fileWith(`${text("a")}    api_key_file: keys/a\n`)
      const file = `${dirname(path)}/keys/a`
      fs.mkdirSync(dirname(file))
      fs.writeFileSync(file, "sk-first-secret\n")
      const { current, log, tick } = yield* watch(path)
      const key = Effect.map(current, ({ config: { backends } }) =>
        backends.flatMap((backend) => Option.toArray(Credentials.ownKey(backend))).map(Redacted.value)
      )
      assert.deepStrictEqual(yield* key, ["sk-first-secret"])
      Temp.replace(file, '"sk-other-secret"')
      yield* tick
      assert.deepStrictEqual(yield* key, ['"sk-other-secret"'])
      fs.writeFileSync(file, " \n")
      yield* tick
      fs.rmSync(file)
      yield* tick
      assert.deepStrictEqual(yield* key, ['"sk-other-secret"'])
      fs.writeFileSync(file, "sk-third-secret")
      yield* tick
      assert.deepStrictEqual(yield* key, ["sk-third-secret"])
      const kept = `ERROR Configuration not reloaded, the last good one stays in force\n${path}:5:5: openai_clients[0].api_key_file: ${file}`
      const lines = log.lines.map((line) => line.replace(/: ENOENT.*/, ""))
      assert.deepStrictEqual(lines.slice(0, 3), [
        `INFO Configuration reloaded from ${path}: changed: a (api_key)`,
        `WARN ${path}:5:5: openai_clients[0].api_key_file: begins or ends with a quote, which is sent as a part of the key`,
        `${kept} is empty`
      ])
      assert.include(lines[3], `${kept} cannot be read`)
      assert.deepStrictEqual(lines.slice(4), [`INFO Configuration reloaded from ${path}: changed: a (api_key)`])
      assert.notInclude(log.lines.join(), "-secret")
    })
  )

  it.scoped("streams the one in force and each later one, to everyone who asks", () =>
    Effect.gen(function* () {
      const path = yield* fileWith(text("n0"))
      const { changes, tick } = yield* watch(path)
      for (const name of ["n1", "n-2", "n--3"]) {
        fs.writeFileSync(path, text(name))
        yield* tick
      }
      const seen = yield* Effect.replicateEffect(Queue.take(changes), 4)
      assert.deepStrictEqual(seen, ["n0", "n1", "n-2", "n--3"])
    })
  )

  it.scoped("says that a changed number of workers waits for a restart", () =>
    Effect.gen(function* () {
      const path = yield* fileWith(text("first"))
      const { log, tick } = yield* watch(path)
      fs.writeFileSync(path, `${text("first")}server: { workers: 2 }\n`)
      yield* tick
      assert.strictEqual(log.lines[1], "WARN server.workers is read at start only: restart to have 2")
    })
  )

  it.scoped("says so of the client for backends, too", () =>
    Effect.gen(function* () {
      const path = yield* fileWith(text("first"))
      const { log, tick } = yield* watch(path)
      fs.writeFileSync(path, `${text("first")}server: { upstream: undici }\n`)
      yield* tick
      assert.strictEqual(log.lines[1], "WARN server.upstream is read at start only: restart to have undici")
    })
  )

  it.scoped("gives a worker its part of the limits, and keeps the last of which it can have one", () =>
    Effect.gen(function* () {
      const path = yield* fileWith(`${text("first")}server: { workers: auto, max_in_flight: 7 }\n`)
      const { current, log, tick } = yield* watch(path, { number: 2, of: 3 })
      const limit = Effect.map(current, ({ config }) => config.server.maxInFlight)
      assert.strictEqual(yield* limit, 2)
      for (const [whole, part] of [
        [8, 3],
        [2, 3]
      ] as const) {
        fs.writeFileSync(path, `${text(`for-${whole}`)}server: { workers: auto, max_in_flight: ${whole} }\n`)
        yield* tick
        assert.strictEqual(yield* limit, part)
      }
      // The process that has begun it says so.
      assert.deepStrictEqual(log.lines, [])
    })
  )

  it.scoped("does not read a file that has not changed", () =>
    Effect.gen(function* () {
      const { changes, log, tick } = yield* watch(yield* fileWith(text("only")))
      yield* Effect.replicateEffect(tick, 5, { discard: true })
      assert.strictEqual(yield* Queue.take(changes), "only")
      assert.strictEqual(yield* Queue.size(changes), 0)
      assert.deepStrictEqual(log.lines, [])
    })
  )

  it.scoped("compiles the routes of each", () =>
    Effect.gen(function* () {
      const path = yield* fileWith(text("first"))
      const layer = ConfigRef.layerFile(path).pipe(Layer.provide(NodeFileSystem.layer))
      const ref = Context.get(yield* Layer.build(layer), ConfigRef.ConfigRef)
      const { routes } = yield* ref.current
      assert.deepStrictEqual(
        routes.match("chat", "a-model-m").map(({ name }) => name),
        ["first"]
      )
    })
  )

  it.scoped("keeps the last good one when the file becomes invalid, and says once what is wrong and where", () =>
    Effect.gen(function* () {
      const path = yield* fileWith(text("good"))
      const { changes, log, name, tick } = yield* watch(path)
      fs.writeFileSync(path, `${text("bad")}    priorty: 1\nserver: { drain: soon }\n`)
      yield* Effect.replicateEffect(tick, 3, { discard: true })
      assert.strictEqual(yield* name, "good")
      assert.deepStrictEqual(log.lines, [
        [
          "ERROR Configuration not reloaded, the last good one stays in force",
          `${path}:5:5: openai_clients[0].priorty: unknown key "priorty" (did you mean "priority"?)`,
          `${path}:6:11: server.drain: expected a duration such as 500ms, 10s or 2m, got "soon"`
        ].join("\n")
      ])
      assert.strictEqual(yield* Queue.take(changes), "good")
      assert.strictEqual(yield* Queue.size(changes), 0)
    })
  )

  it.scoped("keeps the last good one when the file is no YAML any more", () =>
    Effect.gen(function* () {
      const path = yield* fileWith(text("good"))
      const { log, name, tick } = yield* watch(path)
      for (const broken of ['openai_clients: "', `${text("x")}    timeouts: *nowhere\n`, ""]) {
        fs.writeFileSync(path, broken)
        yield* tick
        assert.strictEqual(yield* name, "good")
      }
      assert.lengthOf(log.lines, 3)
      for (const line of log.lines) assert.match(line, new RegExp(`^ERROR .*\\n${path}:\\d+:\\d+: `))
    })
  )

  it.scoped("comes back to life with the next good file", () =>
    Effect.gen(function* () {
      const path = yield* fileWith(text("good"))
      const { changes, log, name, tick } = yield* watch(path)
      fs.writeFileSync(path, "nonsense: 1\n")
      yield* tick
      fs.writeFileSync(path, text("better"))
      yield* tick
      assert.strictEqual(yield* name, "better")
      assert.lengthOf(log.lines, 2)
      fs.writeFileSync(path, text("good"))
      yield* tick
      assert.deepStrictEqual(yield* Effect.replicateEffect(Queue.take(changes), 3), ["good", "better", "good"])
    })
  )

  it.scoped("keeps the last good one while the file is gone, says so once, and sees it again", () =>
    Effect.gen(function* () {
      const path = yield* fileWith(text("good"))
      const { log, name, tick } = yield* watch(path)
      fs.rmSync(path)
      yield* Effect.replicateEffect(tick, 3, { discard: true })
      assert.strictEqual(yield* name, "good")
      assert.lengthOf(log.lines, 1)
      assert.include(log.lines[0] ?? "", `${path}: cannot be read: `)
      fs.writeFileSync(path, text("again"))
      yield* tick
      assert.strictEqual(yield* name, "again")
    })
  )

  it.scoped("sees a symbolic link that points elsewhere, even at a file of the same size and time", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      const time = new Date("2026-01-01T00:00:00Z")
      for (const name of ["one", "two"]) {
        fs.writeFileSync(`${folder}/${name}.yaml`, text(name))
        fs.utimesSync(`${folder}/${name}.yaml`, time, time)
      }
      const path = `${folder}/config.yaml`
      fs.symlinkSync("one.yaml", path)
      const { name, tick } = yield* watch(path)
      assert.strictEqual(yield* name, "one")
      fs.symlinkSync("two.yaml", `${path}.new`)
      fs.renameSync(`${path}.new`, path)
      yield* tick
      assert.strictEqual(yield* name, "two")
    })
  )

  it.scoped("sees the folder behind a link replaced, as a mounted ConfigMap does it", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      for (const name of ["one", "two"]) {
        fs.mkdirSync(`${folder}/..${name}`)
        fs.writeFileSync(`${folder}/..${name}/config.yaml`, text(name))
      }
      fs.symlinkSync("..one", `${folder}/..data`)
      fs.symlinkSync("..data/config.yaml", `${folder}/config.yaml`)
      const { name, tick } = yield* watch(`${folder}/config.yaml`)
      assert.strictEqual(yield* name, "one")
      fs.symlinkSync("..two", `${folder}/..data.new`)
      fs.renameSync(`${folder}/..data.new`, `${folder}/..data`)
      fs.rmSync(`${folder}/..one`, { recursive: true })
      yield* tick
      assert.strictEqual(yield* name, "two")
    })
  )

  it.scoped("sees a file that an editor has put in its place", () =>
    Effect.gen(function* () {
      const path = yield* fileWith(text("one"))
      const { name, tick } = yield* watch(path)
      Temp.replace(path, text("two"))
      yield* tick
      assert.strictEqual(yield* name, "two")
    })
  )

  it.scoped("does not begin with a bad file", () =>
    Effect.gen(function* () {
      const folder = yield* Temp.directory
      fs.writeFileSync(`${folder}/yaml`, "a: [")
      fs.writeFileSync(`${folder}/invalid`, "a: 1\n")
      const tags = yield* Effect.forEach(["missing", "yaml", "invalid"], (name) => {
        const layer = ConfigRef.layerFile(`${folder}/${name}`).pipe(Layer.provide(NodeFileSystem.layer))
        return Effect.map(Effect.flip(Layer.build(layer)), (failure) => failure._tag)
      })
      assert.deepStrictEqual(tags, ["ConfigUnreadable", "ConfigMalformed", "ConfigInvalid"])
    })
  )
})

describe("ConfigRef.layerStatic", () => {
  const backend = { name: "a", base_url: "demo:", model_match: { value: ["m"] } }

  it.scoped("holds the configuration that it is given", () =>
    Effect.gen(function* () {
      const context = yield* Layer.build(ConfigRef.layerStatic({ openai_clients: [backend], server: { drain: "1s" } }))
      const ref = Context.get(context, ConfigRef.ConfigRef)
      assert.strictEqual(yield* Effect.map(ref.current, nameOf), "a")
      const [first] = yield* Stream.runCollect(Stream.take(ref.changes, 1))
      assert.strictEqual(first, yield* ref.current)
    })
  )

  it.scoped("fails with everything that is wrong", () =>
    Effect.gen(function* () {
      const wrong = { ...backend, base_url: "nowhere", priority: -1 }
      const failure = yield* Effect.flip(
        Layer.build(ConfigRef.layerStatic({ openai_clients: [wrong, { ...backend, fallback: "none" }] }))
      )
      assert.strictEqual(failure._tag, "ConfigInvalid")
      assert.match(failure.message, /^config: openai_clients\[0\]\.base_url: expected an http/)
      assert.include(failure.message, "\nconfig: openai_clients[0].priority: expected a number ≥ 0")
    })
  )
})

describe("ConfigRef.layerChanges", () => {
  const named = (name: string, over: Partial<GatewayConfig.Plain> = {}): GatewayConfig.Plain => ({
    openai_clients: [{ name, base_url: "demo:", model_match: { value: ["m"] } }],
    ...over
  })

  /** A reference to a stream, the names of the configurations that came into force, and what was logged. */
  const follow = <E>(changes: Stream.Stream<GatewayConfig.Plain, E>) =>
    Effect.gen(function* () {
      const log = LogLines.make()
      const built = yield* Layer.build(Layer.provide(ConfigRef.layerChanges(changes), log.layer))
      const ref = Context.get(built, ConfigRef.ConfigRef)
      const seen = yield* Queue.unbounded<string | undefined>()
      yield* Effect.forkScoped(Stream.runForEach(ref.changes, (snapshot) => Queue.offer(seen, nameOf(snapshot))))
      return { log, seen, name: Effect.map(ref.current, nameOf) }
    })

  it.scoped("waits for the first, and puts each later one in force", () =>
    Effect.gen(function* () {
      const given = yield* Queue.unbounded<GatewayConfig.Plain>()
      const building = yield* Effect.fork(follow(Stream.fromQueue(given)))
      yield* TestClock.adjust("1 hour")
      assert.isTrue(Option.isNone(yield* building.poll))
      yield* Queue.offer(given, named("first"))
      const { log, name, seen } = yield* Fiber.join(building)
      assert.strictEqual(yield* Queue.take(seen), "first")
      yield* Queue.offer(given, named("second", { server: { workers: 2 } }))
      assert.strictEqual(yield* Queue.take(seen), "second")
      assert.strictEqual(yield* name, "second")
      assert.strictEqual(yield* Effect.promise(() => log.line("WARN")), restart)
      assert.deepStrictEqual(log.lines, [
        "INFO Configuration changed: new backends: second; gone backends: first; changed: server.workers",
        restart
      ])
    })
  )

  const restart = "WARN server.workers is read at start only: restart to have 2"

  it.scoped("takes several that come at once one after the other", () =>
    Effect.gen(function* () {
      const { log, name } = yield* follow(Stream.make(named("a"), named("b"), named("c")))
      yield* Effect.promise(() => until(() => log.lines.length === 2))
      assert.strictEqual(yield* name, "c")
    })
  )

  it.scoped("reports one that is invalid, and keeps the last good one until another comes", () =>
    Effect.gen(function* () {
      const given = yield* Queue.unbounded<GatewayConfig.Plain>()
      yield* Queue.offer(given, named("first"))
      const { log, name, seen } = yield* follow(Stream.fromQueue(given))
      yield* Queue.offer(given, named("${ABSENT}"))
      const line = yield* Effect.promise(() => log.line("ERROR"))
      assert.include(line, "the last good one stays in force\nconfig: openai_clients[0].name: the environment variable")
      assert.strictEqual(yield* name, "first")
      yield* Queue.offer(given, named("third"))
      assert.deepStrictEqual([yield* Queue.take(seen), yield* Queue.take(seen)], ["first", "third"])
    })
  )

  it.scoped("keeps the last good one when the stream fails or dies, and says so", () =>
    Effect.gen(function* () {
      for (const end of [Stream.fail("the store is gone"), Stream.dieMessage("the store is gone")]) {
        yield* Effect.scoped(
          Effect.gen(function* () {
            const { log, name } = yield* follow(Stream.concat(Stream.make(named("first")), end))
            const line = yield* Effect.promise(() => log.line("ERROR"))
            assert.match(line, /Configurations come no more, the last good one stays in force\n.*: the store is gone/)
            assert.strictEqual(yield* name, "first")
          })
        )
      }
    })
  )

  it.scoped("keeps the last good one when the stream ends, which is no mistake", () =>
    Effect.gen(function* () {
      let ended = false
      const end = Stream.execute(Effect.sync(() => (ended = true)))
      const changes = Stream.concat(Stream.make(named("only")), end)
      const { log, name } = yield* follow(changes)
      yield* Effect.promise(() => until(() => ended))
      assert.strictEqual(yield* name, "only")
      assert.deepStrictEqual(log.lines, [])
    })
  )

  it.scoped("fails with what keeps the first from coming or being valid", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* Effect.flip(follow(Stream.fail("no store" as const))), "no store")
      const [empty, invalid] = yield* Effect.all([
        Effect.flip(follow(Stream.empty)),
        Effect.flip(follow(Stream.make({ openai_clients: [] }, named("too late"))))
      ])
      assert.strictEqual(empty.message, "config: there is none: the stream has ended before its first")
      assert.match(invalid.message, /^config: openai_clients: expected a list of at least one backend/)
    })
  )

  it.effect("lets go of the stream when the layer closes", () =>
    Effect.gen(function* () {
      let released = 0
      const changes = Stream.concat(Stream.make(named("first")), Stream.never).pipe(
        Stream.ensuring(Effect.sync(() => released++))
      )
      yield* Effect.scoped(
        Effect.andThen(follow(changes), ({ log }) => assert.deepStrictEqual([released, log.lines], [0, []]))
      )
      assert.strictEqual(released, 1)
    })
  )
})
