import * as fs from "node:fs"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Client from "./Client.js"
import { read } from "./drivers/openai.mjs"
import * as Matrix from "./Matrix.js"
import * as Report from "./Report.js"
import type { ClientName } from "./Shape.js"
import { shapes } from "./Shapes.js"

const drivers: ReadonlyArray<readonly [ClientName, driver: string]> = [
  ["openai 7", "openai7.mjs"],
  ["AI SDK", "ai-sdk.mjs"],
  ["LangChain", "langchain.mjs"]
]

const wrong = (error: unknown): Matrix.Cell => ({ _tag: "Wrong", issues: [String(error)] })

const column = (client: ClientName, baseURL: string, ask: Matrix.Read) =>
  Effect.forEach(shapes, (shape) => Effect.promise(() => Matrix.cell(shape, client, baseURL, ask).catch(wrong)), {
    concurrency: 8
  })

/** Runs a driver over all shapes, or says for all of them why it cannot run. */
const ownProcess = (client: ClientName, driver: string, baseURL: string) => {
  const node = Report.newerNode()
  if ("reason" in node) return Effect.succeed(shapes.map((): Matrix.Cell => ({ _tag: "Unable", reason: node.reason })))
  return Effect.acquireUseRelease(
    Effect.sync(() => Client.start(node.path, new URL(`drivers/${driver}`, import.meta.url))),
    (own) => column(client, baseURL, own.read),
    (own) => Effect.sync(own.stop)
  )
}

it.scopedLive("shows every shape to every client as it must", () =>
  Effect.gen(function* () {
    const gateway = yield* Matrix.gateway
    const baseURL = `${gateway.url}/v1`
    const columns: Array<Report.Column> = [
      {
        client: "openai 6",
        cells: yield* column("openai 6", baseURL, (task) => read(gateway.client, task))
      }
    ]
    for (const [client, driver] of drivers) {
      columns.push({ client, cells: yield* ownProcess(client, driver, baseURL) })
    }
    console.log(Report.table(columns))
    fs.writeFileSync(new URL("../../docs/clients.md", import.meta.url), Report.document(columns))
    assert.deepStrictEqual(Report.failures(columns), [])
  })
)
