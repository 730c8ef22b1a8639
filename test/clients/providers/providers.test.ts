import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Links from "../../docs/Links.js"
import * as ScriptedUpstream from "../../support/ScriptedUpstream.js"
import * as TestGateway from "../../support/TestGateway.js"
import * as Ledger from "./Ledger.js"
import { providers } from "./Providers.js"
import * as Repairs from "./Repairs.js"

const show = ({ direct, path, through }: Ledger.Difference): string =>
  `${path}: ${JSON.stringify(direct)} became ${JSON.stringify(through)}`

const ask = (model: string, stream: boolean): object => ({
  model,
  messages: [{ role: "user", content: "Hi" }],
  ...(stream ? { stream, stream_options: { include_usage: true } } : {})
})

const post = (url: string, body: object) =>
  Effect.promise(async () => {
    const response = await fetch(`${url}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body)
    })
    return response.text()
  })

const both = Effect.gen(function* () {
  const upstream = yield* ScriptedUpstream.make((call) => {
    const { model, stream } = call.received.body
    const provider = providers.find(({ name }) => name === model)
    if (provider === undefined) return call.json(404, { error: { message: "no such provider" } })
    if (stream !== true) return call.json(200, provider.whole)
    call.open()
    call.write(provider.stream)
    call.end()
  })
  const gateway = yield* TestGateway.make({
    openai_clients: [
      {
        name: "all",
        base_url: upstream.url,
        model_match: { type: "exact" as const, value: providers.map(({ name }) => name) }
      }
    ]
  })
  return [upstream.url, `${gateway.url}/v1`] as const
})

describe("the answers of providers", () => {
  it.scopedLive("are the same through the gateway, but for the repairs that are documented", () =>
    Effect.gen(function* () {
      const [direct, through] = yield* both
      const used = new Set<string>()
      const undocumented: Array<string> = []
      for (const { name } of providers) {
        for (const stream of [true, false]) {
          const read = (text: string) => (stream ? Ledger.ofStream(text) : Ledger.ofWhole(JSON.parse(text)))
          const alone = read(yield* post(direct, ask(name, stream)))
          const told = read(yield* post(through, ask(name, stream)))
          assert.isAbove(told.size, 8)
          for (const difference of Ledger.compare(alone, told)) {
            const repair = Repairs.of(difference)
            if (repair === undefined) undocumented.push(`${name}${stream ? "" : ", whole"}: ${show(difference)}`)
            else used.add(repair.name)
          }
        }
      }
      assert.deepStrictEqual(undocumented, [])
      assert.sameMembers(
        [...used],
        Repairs.repairs.map(({ name }) => name)
      )
    })
  )

  it("are repaired by rules that the wire contract has", () => {
    const wire = Links.pages().find(({ name }) => name === "docs/wire.md")
    const known = Links.sectionsOf(wire?.markdown ?? "")
    assert.deepStrictEqual(
      Repairs.repairs.filter(({ section }) => !known.has(section)),
      []
    )
  })

  it("differ where a piece of them is missing", () => {
    const text =
      'data: {"id":"1","choices":[{"index":0,"delta":{"content":"Hel"}}]}\n\ndata: {"id":"1","choices":[{"delta":{"content":"lo"},"x":1}]}\n\n'
    assert.deepStrictEqual(
      [...Ledger.ofStream(text)],
      [
        ["id", "1"],
        ["choices[0].delta.content", "Hello"],
        ["choices[0].x", 1]
      ]
    )
    const less = Ledger.ofStream(text.replace('"x":1', '"x":2').replace("lo", "p"))
    assert.deepStrictEqual(Ledger.compare(Ledger.ofStream(text), less), [
      { path: "choices[0].delta.content", direct: "Hello", through: "Help" },
      { path: "choices[0].x", direct: 1, through: 2 }
    ])
    assert.isUndefined(Repairs.of({ path: "choices[0].delta.content", direct: "Hello", through: "Help" }))
  })
})
