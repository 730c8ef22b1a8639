import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { createHash, timingSafeEqual } from "node:crypto"
import { ConfigRef } from "../config/ConfigRef.js"
import type { Backend } from "../domain/backend/Backend.js"
import type * as Breaker from "../domain/failover/Breaker.js"
import type * as Fullness from "../domain/failover/Fullness.js"
import * as WireError from "../domain/failure/WireError.js"
import { Backends } from "../upstream/Backends.js"
import * as SteadyClock from "../flow/SteadyClock.js"
import * as Respond from "./Respond.js"
import * as Endpoint from "./Endpoint.js"
import { WorkerSeat } from "./WorkerSeat.js"

/**
 * What is thought of each backend, for an operator: not served unless `server.operator_endpoints` says so. A worker says
 * which one it is, for it knows nothing of the others.
 */
export const respond = Effect.gen(function* () {
  const { config, routes } = yield* (yield* ConfigRef).current
  if (!config.server.operatorEndpoints) return yield* Endpoint.notFound
  const { headers } = yield* HttpServerRequest.HttpServerRequest
  if (!isAllowed(config.server.operatorKey, headers["authorization"])) {
    return yield* Respond.error(WireError.unauthenticated)
  }
  const { health, slots } = yield* Backends
  const clock = SteadyClock.of(yield* Effect.clock)
  const now = clock.now()
  // What is counted from a steady clock is shown as a date of the system's.
  const dateOf = (time: number) => new Date(clock.date() + time - now).toISOString()
  const data = routes.backends.map((backend) => ({
    name: backend.name,
    models: backend.match,
    in_flight: slots.inFlight(backend),
    max_in_flight: Option.getOrNull(backend.maxInFlight),
    learned: slots.known(backend).map(([model, fullness]) => ({ model, ...boundsOf(fullness, now, dateOf) })),
    ...stateOf(backend, health.breaker(backend, now), dateOf)
  }))
  const worker = yield* WorkerSeat
  return yield* Respond.json(200, { object: "list", ...(worker === undefined ? {} : { worker }), data })
})

// What it was found to take of a model, and until when it is left alone because it asked for that.
const boundsOf = ({ heldUntil, pace, places }: Fullness.Fullness, now: number, dateOf: (time: number) => string) => ({
  in_flight: places === Infinity ? null : places,
  per_second: pace === Infinity ? null : Math.round(pace * 100) / 100,
  held_until: heldUntil > now ? dateOf(heldUntil) : null
})

const states = { Closed: "closed", Open: "open", HalfOpen: "half_open", Ramp: "ramp" } as const

const stateOf = ({ breaker: { enabled } }: Backend, breaker: Breaker.Breaker, dateOf: (time: number) => string) => ({
  state: enabled ? states[breaker._tag] : "off",
  until: enabled && breaker._tag === "Open" ? dateOf(breaker.until) : null
})

const isAllowed = (key: Option.Option<Redacted.Redacted>, authorization: string | undefined): boolean => {
  if (Option.isNone(key)) return true
  const given = authorization?.replace(/^bearer\s+/i, "") ?? ""
  return timingSafeEqual(digest(given), digest(Redacted.value(key.value)))
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest()
