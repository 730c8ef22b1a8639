import * as net from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as AddressOrder from "../../src/http1/AddressOrder.js"
import * as Dial from "../../src/http1/Dial.js"
import * as Names from "../../src/http1/Names.js"
import * as RawServer from "../support/RawServer.js"

const listed = (...addresses: ReadonlyArray<string>) =>
  addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }))

/** Connects to a port of these addresses: what is not of this table connects at once. */
const dialled = (
  port: number,
  addresses: ReadonlyArray<Names.Address>,
  manner: Readonly<Record<string, "silent" | "slow">> = {},
  timeout = 5_000
) =>
  Effect.async<{ readonly tried: ReadonlyArray<string>; readonly result: net.Socket | Error }>((resume) => {
    const tried: Array<string> = []
    const sockets: Array<net.Socket> = []
    const connect = ({ address }: Names.Address) => {
      tried.push(address)
      const socket = new net.Socket()
      sockets.push(socket)
      const begin = () => void (socket.destroyed || socket.connect(port, address))
      if (manner[address] === "slow") setTimeout(begin, 400)
      else if (manner[address] !== "silent") begin()
      return socket
    }
    const tell = (result: net.Socket | Error) => {
      assert.deepEqual(
        sockets.filter((socket) => socket !== result && !socket.destroyed),
        []
      )
      if (result instanceof net.Socket) result.destroy()
      resume(Effect.succeed({ tried, result }))
    }
    // In the order in which they stand.
    const order = { next: (all: ReadonlyArray<Names.Address>) => all, avoid: () => {}, trust: () => {} }
    Dial.begin(
      { connect, find: (told) => Names.answer(told, addresses), order, timeout, isSecure: false },
      {
        onReady: tell,
        onRead: () => {},
        onFailed: (cause) => tell(cause instanceof Error ? cause : new Error(String(cause)))
      }
    )
  })

describe("a host of several addresses", () => {
  it.scopedLive("is reached by one that is slow, beside one that refuses", () =>
    Effect.gen(function* () {
      const { port } = yield* RawServer.make(() => {})
      const { result, tried } = yield* dialled(port, listed("127.0.0.2", "127.0.0.1"), { "127.0.0.1": "slow" })
      assert.instanceOf(result, net.Socket)
      assert.deepEqual(tried, ["127.0.0.2", "127.0.0.1"])
    })
  )

  it.scopedLive("is reached by one that answers, beside one that is silent", () =>
    Effect.gen(function* () {
      const { port } = yield* RawServer.make(() => {})
      const { result } = yield* dialled(port, listed("127.0.0.2", "127.0.0.1"), { "127.0.0.2": "silent" })
      assert.instanceOf(result, net.Socket)
    })
  )

  it.scopedLive("is reached by the last of many, in a part of the time", () =>
    Effect.gen(function* () {
      const { port } = yield* RawServer.make(() => {})
      const silent = Array.from({ length: 60 }, (_, at) => `127.0.1.${at}`)
      const manner = Object.fromEntries(silent.map((address) => [address, "silent" as const]))
      const { result, tried } = yield* dialled(port, listed(...silent, "127.0.0.1"), manner, 3_000)
      assert.instanceOf(result, net.Socket)
      assert.strictEqual(tried.length, 61)
    })
  )

  it.scopedLive("fails when all refuse, and says of each what it said", () =>
    Effect.gen(function* () {
      const { port } = yield* Effect.scoped(RawServer.make(() => {}))
      const { result } = yield* dialled(port, listed("127.0.0.2", "127.0.0.1"))
      assert.instanceOf(result, AggregateError)
      assert.strictEqual(
        result instanceof Error ? result.message : "",
        `connect ECONNREFUSED 127.0.0.2:${port}; connect ECONNREFUSED 127.0.0.1:${port}`
      )
    })
  )

  it.live("fails when all are silent for too long", () =>
    Effect.gen(function* () {
      const manner = { "127.0.0.1": "silent", "127.0.0.2": "silent" } as const
      const { result } = yield* dialled(1, listed("127.0.0.1", "127.0.0.2"), manner, 100)
      assert.instanceOf(result, Dial.ConnectTimedOut)
    })
  )
})

describe("the order of addresses", () => {
  const six = listed("10.0.0.1", "10.0.0.2", "10.0.0.3", "fd00::1", "fd00::2", "fd00::3")
  const firsts = (order: AddressOrder.AddressOrder, times: number) =>
    new Set(Array.from({ length: times }, () => order.next(six)[0]?.address))

  it("begins with each of the preferred family in turn, and has one of the other in the second place", () => {
    const order = AddressOrder.make(1)
    assert.deepEqual(firsts(order, 3), new Set(["10.0.0.1", "10.0.0.2", "10.0.0.3"]))
    const all = order.next(six)
    assert.deepEqual(
      all.map(({ family }) => family),
      [4, 6, 4, 6, 4, 6]
    )
    assert.strictEqual(new Set(all).size, 6)
  })

  it("ends with what did not work, until it works again, for every pool of that port", () => {
    const order = AddressOrder.make(2)
    const [first, , , ...others] = six
    assert.isDefined(first)
    AddressOrder.make(2).avoid(first)
    assert.deepEqual(firsts(order, 4), new Set(["10.0.0.2", "10.0.0.3"]))
    assert.strictEqual(order.next(six).at(-1), first)
    assert.isTrue(firsts(AddressOrder.make(3), 3).has(first.address))
    for (const address of listed("10.0.0.2", "10.0.0.3")) order.avoid(address)
    assert.deepEqual(firsts(order, 3), new Set(others.map(({ address }) => address)))
    order.trust(first)
    assert.deepEqual(firsts(order, 3), new Set(["10.0.0.1"]))
  })
})
