import * as fs from "node:fs"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import OpenAI from "openai"
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

const wrong = (error: unknown): Matrix.Cell => ({ _tag: "Wrong", issues: [String(error)], direct: { _tag: "Same" } })

const column = (client: ClientName, matrix: Matrix.Matrix, ask: Matrix.Read) =>
  Effect.forEach(shapes, (shape) => Effect.promise(() => Matrix.cell(shape, client, matrix, ask).catch(wrong)), {
    concurrency: 8
  })

/** Runs a driver over all shapes, or says for all of them why it cannot run. */
const ownProcess = (client: ClientName, driver: string, matrix: Matrix.Matrix) => {
  const node = Report.newerNode()
  if ("reason" in node) return Effect.succeed(shapes.map((): Matrix.Cell => ({ _tag: "Unable", reason: node.reason })))
  return Effect.acquireUseRelease(
    Effect.sync(() => Client.start(node.path, new URL(`drivers/${driver}`, import.meta.url))),
    (own) => column(client, matrix, own.read),
    (own) => Effect.sync(own.stop)
  )
}

it.scopedLive("shows every shape to every client as it must", () =>
  Effect.gen(function* () {
    const matrix = yield* Matrix.make
    const alone = new OpenAI({ baseURL: matrix.direct, apiKey: "sk-caller-key", maxRetries: 0, logLevel: "off" })
    const ask: Matrix.Read = (task) => read(task.baseURL === matrix.direct ? alone : matrix.gateway.client, task)
    const columns: Array<Report.Column> = [{ client: "openai 6", cells: yield* column("openai 6", matrix, ask) }]
    for (const [client, driver] of drivers) {
      columns.push({ client, cells: yield* ownProcess(client, driver, matrix) })
    }
    console.log(Report.table(columns))
    fs.writeFileSync(new URL("../../docs/clients.md", import.meta.url), Report.document(columns))
    assert.deepStrictEqual(Report.failures(columns), [])
  })
)
