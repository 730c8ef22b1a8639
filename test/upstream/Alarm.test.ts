import * as net from "node:net"
import { once } from "node:events"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Alarm from "../../src/upstream/Alarm.js"

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

  it.live("does not ring while it rests, and rings when it is set again", () =>
    Effect.gen(function* () {
      const alarm = Alarm.make()
      let times = 0
      alarm.set(1, () => times++)
      alarm.rest()
      alarm.refresh()
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
})
