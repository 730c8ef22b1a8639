import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { afterEach, beforeEach, vi } from "vitest"
import * as Names from "../../src/http1/Names.js"
import * as NameServer from "../support/NameServer.js"

const one = [{ address: "10.0.0.1", family: 4 }]
const other = [{ address: "10.0.0.2", family: 4 }]

const failure = (code: string) => Object.assign(new Error(code), { code })

/** A name service that answers when the test does. */
const scripted = (most?: number) => {
  const asked: Array<string> = []
  const waiting = new Map<string, Parameters<Names.Lookup>[1]>()
  const lookup: Names.Lookup = (host, told) => {
    asked.push(host)
    waiting.set(host, told)
  }
  const answer = (host: string, result: ReadonlyArray<Names.Address> | Error) => {
    const told = waiting.get(host)
    waiting.delete(host)
    if (result instanceof Error) told?.(result, [])
    else told?.(null, result)
  }
  const names = Names.make({ lookup, ...(most === undefined ? {} : { most }) })
  const find = (host: string) => {
    const heard: Array<string> = []
    const leave = names.find(host, (result) => {
      heard.push(result instanceof Error ? result.message : result.map(({ address }) => address).join())
    })
    return { heard, leave }
  }
  return { asked, answer, find }
}

describe("a name", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }))
  afterEach(() => void vi.useRealTimers())

  it("that is an address is not looked up", () => {
    const { asked, find } = scripted()
    assert.deepEqual([find("127.0.0.1").heard, find("::1").heard], [["127.0.0.1"], ["::1"]])
    assert.deepEqual(asked, [])
  })

  it("is looked up once, however many wait for it", () => {
    const { answer, asked, find } = scripted()
    const [first, second, third] = [find("a"), find("a"), find("a")]
    third.leave()
    answer("a", one)
    assert.deepEqual([first.heard, second.heard, third.heard], [["10.0.0.1"], ["10.0.0.1"], []])
    assert.deepEqual(find("a").heard, ["10.0.0.1"])
    assert.deepEqual(asked, ["a"])
  })

  it("is asked for again a second later, and its new addresses are waited for", () => {
    const { answer, find } = scripted()
    find("a")
    answer("a", one)
    vi.advanceTimersByTime(1_000)
    const { heard } = find("a")
    vi.advanceTimersByTime(200)
    assert.deepEqual(heard, [])
    answer("a", other)
    vi.advanceTimersByTime(1_000)
    assert.deepEqual(heard, ["10.0.0.2"])
  })

  it("leads where it led last while its service is slow, and nobody waits for that twice", () => {
    const { answer, asked, find } = scripted()
    find("a")
    answer("a", one)
    vi.advanceTimersByTime(5_000)
    const { heard } = find("a")
    vi.advanceTimersByTime(249)
    assert.deepEqual(heard, [])
    vi.advanceTimersByTime(1)
    assert.deepEqual([heard, find("a").heard], [["10.0.0.1"], ["10.0.0.1"]])
    assert.deepEqual(asked, ["a", "a"])
    answer("a", other)
    assert.deepEqual([heard, find("a").heard], [["10.0.0.1"], ["10.0.0.2"]])
  })

  it("leads where it led last for an hour after its service was heard of, which is asked twice a second at most", () => {
    const { answer, asked, find } = scripted()
    find("a")
    answer("a", one)
    vi.advanceTimersByTime(5_000)
    const { heard } = find("a")
    answer("a", failure("EAI_AGAIN"))
    assert.deepEqual([heard, find("a").heard], [["10.0.0.1"], ["10.0.0.1"]])
    assert.deepEqual(asked, ["a", "a"])
    vi.advanceTimersByTime(3_600_000)
    const late = find("a")
    answer("a", failure("EAI_AGAIN"))
    assert.deepEqual([late.heard, find("a").heard], [["EAI_AGAIN"], ["EAI_AGAIN"]])
    assert.deepEqual(asked, ["a", "a", "a"])
  })

  it.each([failure("ENOTFOUND"), []])("that is no more leads nowhere: %o", (none) => {
    const { answer, find } = scripted()
    find("a")
    answer("a", one)
    vi.advanceTimersByTime(1_000)
    const { heard } = find("a")
    answer("a", none)
    assert.deepEqual(heard, [none instanceof Error ? "ENOTFOUND" : "the name a has no address"])
  })

  it("waits for no other, as long as there are not too many", () => {
    const { answer, asked, find } = scripted(2)
    find("dead")
    for (const name of ["a", "b", "c"]) find(name)
    assert.deepEqual(asked, ["dead", "a"])
    answer("a", one)
    answer("b", one)
    assert.deepEqual(asked, ["dead", "a", "b", "c"])
  })
})

describe("a name service that is silent", () => {
  it.scopedLive("delays nobody who asks for what others know", () =>
    Effect.gen(function* () {
      const server = yield* NameServer.make()
      server.zone.set("dead.test", undefined)
      server.zone.set("alive.test", ["10.1.2.3", "10.1.2.4"])
      const names = Names.make({ lookup: server.lookup })
      const find = (host: string) =>
        new Promise<string>((resolve) =>
          names.find(host, (result) =>
            resolve(result instanceof Error ? result.message : result.map(({ address }) => address).join())
          )
        )
      for (let count = 0; count < 40; count++) void find("dead.test")
      const found = yield* Effect.promise(() => Promise.all(Array.from({ length: 5 }, () => find("alive.test"))))
      assert.deepEqual(new Set(found.flatMap((each) => each.split(",")).sort()), new Set(["10.1.2.3", "10.1.2.4"]))
      assert.deepEqual([...server.asked].sort(), ["alive.test", "dead.test"])
      assert.match(yield* Effect.promise(() => find("none.test")), /ENOTFOUND/)
    })
  )
})
