import { execFileSync } from "node:child_process"
import * as net from "node:net"
import { once } from "node:events"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Alarm from "../../src/flow/Alarm.js"

/** Both ends of a connection. */
const connection = Effect.acquireRelease(
  Effect.promise(async () => {
    const server = net.createServer().listen(0, "127.0.0.1")
    await once(server, "listening")
    const address = server.address()
    const near = net.connect(typeof address === "object" && address !== null ? address.port : 0, "127.0.0.1")
    const [far] = await Promise.all([
      new Promise<net.Socket>((resolve) => server.once("connection", resolve)),
      once(near, "connect")
    ])
    return { near, far, server }
  }),
  ({ far, near, server }) =>
    Effect.sync(() => {
      near.destroy()
      far.destroy()
      server.close()
    })
)

/** Keeps the process busy, so that neither timers nor sockets are looked at. */
const block = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

const rings = (after: number) =>
  Effect.async<"rang">((resume) => Alarm.make().set(after, () => resume(Effect.succeed("rang"))))

/** What a program says that ends by itself. */
const runs = (program: string): string => {
  const module = new URL("../../dist/flow/Alarm.js", import.meta.url).href
  const code = `import * as Alarm from ${JSON.stringify(module)}; ${program}`
  return execFileSync(process.execPath, ["--input-type=module", "-e", code], { timeout: 20_000 }).toString().trim()
}

describe("Alarm", () => {
  const missed = (react: (alarm: Alarm.Alarm) => void) =>
    Effect.gen(function* () {
      const { far, near } = yield* connection
      const alarm = Alarm.make()
      let rang = false
      const heard = new Promise<void>((resolve) => {
        near.on("data", () => {
          react(alarm)
          resolve()
        })
      })
      far.write("in time")
      alarm.set(20, () => (rang = true))
      block(100)
      yield* Effect.promise(() => heard)
      yield* rings(0)
      assert.isFalse(rang)
      alarm.clear()
    })

  it.scopedLive("does not ring for what came in time, though the process was too busy to see it", () =>
    missed((alarm) => alarm.clear())
  )

  it.scopedLive("counts anew from what came in time, though the process was too busy to see it", () =>
    missed((alarm) => alarm.refresh())
  )

  it.live("rings when its time has passed since the last refresh, and not before", () =>
    Effect.gen(function* () {
      const alarm = Alarm.make()
      const begun = performance.now()
      let refreshed = begun
      const refreshing = setInterval(() => {
        alarm.refresh()
        refreshed = performance.now()
        if (refreshed - begun > 60) clearInterval(refreshing)
      }, 5)
      yield* Effect.async<void>((resume) => alarm.set(30, () => resume(Effect.void)))
      assert.isAtLeast(performance.now() - refreshed, 29)
      assert.isAtLeast(refreshed - begun, 60)
    })
  )

  it.live("can be refreshed after it rang, but not after it was cleared", () =>
    Effect.gen(function* () {
      const alarm = Alarm.make()
      let times = 0
      alarm.set(1, () => times++)
      yield* rings(5)
      alarm.refresh()
      yield* rings(5)
      assert.strictEqual(times, 2)
      alarm.clear()
      alarm.refresh()
      yield* rings(5)
      assert.strictEqual(times, 2)
    })
  )

  it.live("does not ring when it was cleared, and rings when it is set again", () =>
    Effect.gen(function* () {
      const alarm = Alarm.make()
      let times = 0
      alarm.set(1, () => times++)
      alarm.clear()
      yield* rings(5)
      assert.strictEqual(times, 0)
      alarm.set(1, () => times++)
      yield* rings(5)
      assert.strictEqual(times, 1)
    })
  )

  it.live("rings when nothing came, and once only", () =>
    Effect.gen(function* () {
      const alarm = Alarm.make()
      let times = 0
      alarm.set(1, () => times++)
      alarm.set(1, () => times++)
      yield* rings(20)
      assert.strictEqual(times, 1)
    })
  )

  it.live("rings in its own time whatever else is set, refreshed and cleared", () =>
    Effect.gen(function* () {
      const spans = [25, 5, 60_000, 15, 40, 5, 2_000_000_000_000, 10]
      const rang: Array<number> = []
      const early: Array<number> = []
      const begun = performance.now()
      const alarms = spans.map((span) => {
        const alarm = Alarm.make()
        alarm.set(span, () => {
          rang.push(span)
          if (performance.now() - begun < span) early.push(span)
        })
        return alarm
      })
      alarms[3]?.clear()
      alarms[5]?.clear()
      yield* rings(30)
      alarms[2]?.clear()
      yield* rings(60)
      for (const alarm of alarms) alarm.clear()
      assert.deepEqual(early, [])
      assert.sameMembers(rang, [5, 10, 25, 40])
    })
  )

  for (const spans of [
    [5, 10, 15],
    [15, 10, 5]
  ]) {
    it.live(`rings in the order of time, set as ${spans.join(", ")}, though the process was too busy to see it`, () =>
      Effect.gen(function* () {
        const rang: Array<number> = []
        for (const span of spans) Alarm.make().set(span, () => rang.push(span))
        block(50)
        yield* rings(0)
        assert.deepStrictEqual(rang, [5, 10, 15])
      })
    )
  }

  it("lets the process end when none is set, and not before", () => {
    const wait = `Alarm.make().set(30, () => console.log("rang"))`
    assert.strictEqual(runs(wait), "rang")
    assert.strictEqual(runs(`${wait}; const other = Alarm.make(); other.set(60_000, () => {}); other.clear()`), "rang")
    assert.strictEqual(runs(`const alarm = Alarm.make(); alarm.set(60_000, () => {}); alarm.clear()`), "")
  })
})
