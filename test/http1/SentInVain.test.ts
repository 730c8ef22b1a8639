import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { afterEach, vi } from "vitest"
import * as ConnectionPool from "../../src/http1/ConnectionPool.js"
import * as SentInVain from "../../src/http1/SentInVain.js"
import { ask, broken, ended } from "../support/Asking.js"
import * as RawServer from "../support/RawServer.js"

const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"

const row = (local: string, remote: string, timer: string, again: string, asked = 0) =>
  `   1: ${local} ${remote} 01 00000064:00000000 ${timer}:0000000F ${again}     0        ${asked} 148748 3 0 652 0 0 1 -1`

const found = (row: string, ends: SentInVain.Ends) =>
  Effect.promise(async () => (await SentInVain.make(() => Promise.resolve(`${head}\n${row}\n`)).find())(ends))

const ends = { localPort: 0x8f60, remotePort: 0x1bb, remoteAddress: "10.1.2.3" }

describe("a connection", () => {
  it.effect.each<[string, boolean]>([
    [row("0100007F:8F60", "0302010A:01BB", "01", "00000005"), true],
    [row("0100007F:8F60", "0302010A:01BB", "01", "0000000A"), true],
    [row("0100007F:8F60", "0302010A:01BB", "04", "00000000", 5), true],
    [row("0000000000000000FFFF00000100007F:8F60", "0000000000000000FFFF00000302010A:01BB", "01", "00000005"), true],
    [row("0100007F:8F60", "0302010A:01BB", "01", "00000004"), false],
    [row("0100007F:8F60", "0302010A:01BB", "04", "00000000", 1), false],
    [row("0100007F:8F60", "0302010A:01BB", "02", "00000000", 9), false],
    [row("0100007F:8F61", "0302010A:01BB", "01", "00000005"), false],
    [row("0100007F:8F60", "0302010B:01BB", "01", "00000005"), false],
    [row("0100007F:8F60", "0302010A:01BC", "01", "00000005"), false],
    ["", false],
    ["what is this?", false]
  ])("sends in vain as %s says: %s", ([text, isVain]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* found(text, ends), isVain)
    })
  )

  it.effect("over IPv6 is told from others, too", () =>
    Effect.gen(function* () {
      const text = row("0", "B80D0120000000000000000001000000:01BB", "01", "00000006").replace(" 0 ", " 0:8F60 ")
      assert.isTrue(yield* found(text, { ...ends, remoteAddress: "2001:db8::1" }))
      assert.isFalse(yield* found(text, { ...ends, remoteAddress: "2001:db8::2" }))
    })
  )
})

const hex = (value: number, digits: number) => value.toString(16).toUpperCase().padStart(digits, "0")

describe("a request that nobody acknowledges", () => {
  afterEach(() => void vi.useRealTimers())

  it.scopedLive("is given up after ten seconds, and only that", () =>
    Effect.gen(function* () {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] })
      let looks = 0
      let local = 0
      const server = yield* RawServer.make((socket, text) => {
        if (text.includes("/answered")) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")
        if (text.includes("/vain")) local = socket.remotePort ?? 0
      })
      const table = () => {
        looks++
        const line = row(`0100007F:${hex(local, 4)}`, `0100007F:${hex(server.port, 4)}`, "01", "00000006")
        return Promise.resolve(`${head}\n${line}\n`)
      }
      const pool = yield* Effect.acquireRelease(
        Effect.sync(() =>
          ConnectionPool.make(
            { url: new URL(`http://127.0.0.1:${server.port}`), timeout: 60_000 },
            SentInVain.make(table)
          )
        ),
        (pool) => Effect.promise(() => pool.destroy())
      )
      const arrived = async (count: number) => {
        while (server.sockets.length < count || local === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      const vain = ask(pool, { path: "/vain" })
      yield* Effect.promise(() => arrived(1))
      assert.strictEqual(yield* ended(ask(pool, { path: "/answered" })), "hello")
      vi.advanceTimersByTime(5_000)
      const waiting = ask(pool, { path: "/slow" })
      yield* Effect.promise(() => arrived(3))
      assert.strictEqual(looks, 0)
      vi.advanceTimersByTime(5_000)
      assert.strictEqual(yield* broken(vain), "the server does not acknowledge what it was sent")
      vi.advanceTimersByTime(30_000)
      assert.strictEqual(looks, 4)
      assert.deepEqual(
        [waiting.told, yield* Effect.promise(() => Promise.race([waiting.end.catch(String), Promise.resolve("")]))],
        [["start"], ""]
      )
    })
  )
})
