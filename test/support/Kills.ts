import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as ChildGateway from "./ChildGateway.js"
import * as Database from "./Database.js"
import { until } from "./Until.js"

/** What a gateway that was killed again and again has lost. */
export interface Toll {
  readonly kills: number
  /** Exchanges whose end a caller saw. */
  readonly seen: number
  /** Those of them that have no row, by how long before the kill the caller saw their end, in ms. */
  readonly lost: ReadonlyArray<number>
  /** Rows that are there more than once. */
  readonly doubled: number
  readonly rows: number
}

const callers = 8

/** Runs gateways in a folder under load, kills each at a random moment, and counts the rows in the end. */
export const run = (
  folder: string,
  durability: "relaxed" | "wal" | "sync",
  kills: number
): Effect.Effect<Toll, never, Scope.Scope> =>
  Effect.gen(function* () {
    fs.writeFileSync(
      `${folder}/config.yaml`,
      `openai_clients: [{ name: demo, base_url: "demo:", model_match: { type: exact, value: [demo] } }]
log: { durability: ${durability} }\n`
    )
    const options = { folder, flags: ["--port", "0"], env: { LOG_LEVEL: "warn" } }
    const ended = new Map<string, number>()
    for (let kill = 0; kill < kills; kill++) yield* Effect.scoped(killOne(options, ended))
    // The last one replays what is left, and stops in peace.
    const last = yield* ChildGateway.make(options)
    yield* Effect.promise(async () => {
      await last.url
      last.kill("SIGTERM")
      await last.exit
    })
    const ids = Database.records(`${folder}/record.db`).map(({ id }) => id)
    const present = new Set(ids)
    const lost = [...ended].filter(([id]) => !present.has(id)).map(([, before]) => before)
    return { kills, seen: ended.size, lost, doubled: ids.length - present.size, rows: ids.length }
  })

const killOne = Effect.fnUntraced(function* (options: ChildGateway.Options, ended: Map<string, number>) {
  const gateway = yield* ChildGateway.make(options)
  yield* Effect.promise(async () => {
    const url = await gateway.url
    const ends = new Map<string, number>()
    const enough = 10 + Math.random() * 90
    const load = Promise.allSettled(Array.from({ length: callers }, (_, n) => call(url, n % 2 === 0, ends)))
    await until(() => ends.size >= enough)
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 50))
    gateway.kill("SIGKILL")
    const killedAt = performance.now()
    await gateway.exit
    await load
    for (const [id, at] of ends) ended.set(id, Math.max(0, Math.round(killedAt - at)))
  })
})

// Asks until the gateway is gone, and notes when it saw the end of which answer.
const call = async (url: string, stream: boolean, ends: Map<string, number>): Promise<never> => {
  for (;;) {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "demo", messages: [{ role: "user", content: "Hi" }], stream })
    })
    const text = await response.text()
    const whole = stream ? text.endsWith("data: [DONE]\n\n") : text.endsWith("}")
    if (whole) ends.set(response.headers.get("x-request-id") ?? "", performance.now())
  }
}

/** The toll in one line. */
export const describe = (durability: string, { doubled, kills, lost, rows, seen }: Toll): string => {
  const oldest = lost.length === 0 ? "" : `, the oldest ended ${Math.max(...lost)} ms before its kill`
  return `${durability}: ${kills} kills, ${seen} ends seen, ${rows} rows, ${lost.length} lost${oldest}, ${doubled} doubled`
}
