import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import type { Case } from "./Case.js"
import { cases } from "./Cases.js"

/** The backend that plays every case by the name of its model, for each lane (the first part of the path) anew. */
export interface Backend {
  readonly port: number
  /** How often it was asked in a case by a lane since that was begun. */
  readonly requests: (lane: string, one: Case) => number
  /** Begins a case of a lane. */
  readonly begin: (lane: string, one: Case) => void
}

const byName = new Map(cases.map((one) => [one.name, one]))

const keyOf = (lane: string, name: string): string => `${lane} ${name}`

export const make: Effect.Effect<Backend, never, Scope.Scope> = Effect.gen(function* () {
  const counts = new Map<string, number>()
  const upstream = yield* ScriptedUpstream.make((call) => {
    const [, lane = ""] = call.received.path.split("/")
    const name = String(call.received.body["model"])
    const one = byName.get(name)
    if (one === undefined) return call.json(404, { error: { message: `no such case: ${name}` } })
    const number = counts.get(keyOf(lane, name)) ?? 0
    counts.set(keyOf(lane, name), number + 1)
    one.play(call, number)
  })
  return {
    port: Number(new URL(upstream.url).port),
    requests: (lane, { name }) => counts.get(keyOf(lane, name)) ?? 0,
    begin: (lane, { name }) => void counts.delete(keyOf(lane, name))
  }
})
