import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import * as ChildGateway from "../support/ChildGateway.js"
import * as Temp from "../support/Temp.js"
import type { Backend } from "./Backend.js"
import type { Case } from "./Case.js"
import { cases } from "./Cases.js"
import * as Door from "./Door.js"
import type { Program } from "./Program.js"
import type { Seen, Task } from "./Seen.js"

/** One client's way to the backend, by itself and through a gateway of its own. */
export interface Lane {
  /** Lets a program load all that it needs, before anything hangs on its being quick. */
  readonly warm: (program: Program) => Promise<unknown>
  /** What all callers of a case read, in both ways, and how often the backend was asked. */
  readonly ask: (program: Program, one: Case) => Promise<Both>
}

export interface Both {
  readonly direct: Way
  readonly through: Way
}

export interface Way {
  readonly seen: ReadonlyArray<Seen>
  readonly requests: number
}

/** Longer than any library takes to load, in ms. */
const loading = 240_000

/** Where a case is asked for: by the lane's name, at the backend's port or behind a door. */
interface Entrance {
  readonly lane: string
  readonly port: number
  readonly door: Door.Door | undefined
}

export const make = (name: string, backend: Backend) =>
  Effect.gen(function* () {
    const entrances = (lane: string) =>
      Effect.forEach(cases, (one) =>
        Effect.gen(function* () {
          const door = one.closed === undefined ? undefined : yield* Door.make(backend.port)
          const entrance: Entrance = { lane, port: door?.port ?? backend.port, door }
          return [one, entrance] as const
        })
      ).pipe(Effect.map((all) => new Map<Case, Entrance>(all)))
    const alone = yield* entrances(`${name}-direct`)
    const behind = yield* entrances(`${name}-through`)
    const folder = yield* Temp.directory
    fs.writeFileSync(`${folder}/config.yaml`, JSON.stringify(config(behind)))
    const gateway = yield* ChildGateway.make({ folder, flags: ["--port", "0"] })
    const url = yield* Effect.promise(() => gateway.url)
    const way = async (program: Program, one: Case, entrance: Entrance | undefined, baseURL: string): Promise<Way> => {
      if (entrance === undefined) return { seen: [], requests: 0 }
      const { door, lane } = entrance
      backend.begin(lane, one)
      if (one.closed !== undefined) door?.openAfter(one.closed)
      const task = taskOf(one, baseURL)
      const callers = Array.from({ length: one.callers ?? 1 }, () => program.ask(task))
      const seen = await Promise.all(callers).finally(() => door?.close())
      return { seen, requests: backend.requests(lane, one) }
    }
    const lane: Lane = {
      warm: (program) => {
        const warming: Entrance = { lane: `${name}-warm`, port: backend.port, door: undefined }
        return Promise.all(cases.slice(0, 1).map((one) => program.ask(taskOf(one, urlOf(warming)), loading)))
      },
      ask: async (program, one) => {
        const entrance = alone.get(one)
        const [direct, through] = await Promise.all([
          way(program, one, entrance, entrance === undefined ? "" : urlOf(entrance)),
          way(program, one, behind.get(one), `${url}/v1`)
        ])
        return { direct, through }
      }
    }
    return lane
  })

const taskOf = ({ asked, name }: Case, baseURL: string): Task => {
  const { n = 1, stream = false, tools = false, usage = false } = asked
  return { baseURL, model: name, n, stream, tools, usage }
}

const urlOf = ({ lane, port }: Entrance): string => `http://127.0.0.1:${port}/${lane}/v1`

// Each case has a backend of its own, so that the failures of one do not set aside that of another.
const config = (entrances: ReadonlyMap<Case, Entrance>): object => ({
  openai_clients: [...entrances].map(([{ name }, entrance]) => ({
    name,
    base_url: urlOf(entrance),
    api_key: "sk-backend-key",
    model_match: { type: "exact", value: name },
    timeouts: { idle: "1s" }
  }))
})
