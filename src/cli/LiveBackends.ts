import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { ServerSettings } from "../domain/config/GatewayConfig.js"
import { reasonOf } from "../domain/failure/Failure.js"

/** What a running gateway knows of a backend, as its `GET /v1/backends` says it. */
export const LiveBackend = Schema.Struct({
  name: Schema.String,
  state: Schema.String,
  until: Schema.NullOr(Schema.String),
  in_flight: Schema.Number,
  max_in_flight: Schema.NullOr(Schema.Number),
  learned: Schema.Array(
    Schema.Struct({
      model: Schema.String,
      in_flight: Schema.NullOr(Schema.Number),
      per_second: Schema.NullOr(Schema.Number),
      held_until: Schema.NullOr(Schema.String)
    })
  )
})
export interface LiveBackend extends Schema.Schema.Type<typeof LiveBackend> {}

/** The running gateway did not say what it knows. */
export class GatewaySilent extends Data.TaggedError("GatewaySilent")<{
  readonly url: string
  readonly reason: string
}> {
  override get message() {
    return `${this.url} does not say how its backends are: ${this.reason}`
  }
}

/** Asks a running gateway, with the operator's key of this configuration. */
export const ask = (
  url: string,
  { operatorKey }: Pick<ServerSettings, "operatorKey">
): Effect.Effect<ReadonlyArray<LiveBackend>, GatewaySilent> =>
  Effect.gen(function* () {
    const headers = Option.match(operatorKey, {
      onNone: () => ({}),
      onSome: (key) => ({ authorization: `Bearer ${Redacted.value(key)}` })
    })
    const response = yield* Effect.tryPromise({
      try: (signal) => fetch(viewOf(url), { headers, signal, redirect: "error" }),
      catch: reasonOf
    })
    if (response.status === 404) return yield* Effect.fail("server.operator_endpoints is off")
    if (!response.ok) return yield* Effect.fail(`it answers ${response.status}`)
    const body = yield* Effect.tryPromise({ try: () => response.json(), catch: reasonOf })
    const { data } = yield* Effect.mapError(
      Schema.decodeUnknown(Answer)(body),
      () => "it is no Causeway, or another one"
    )
    return data
  }).pipe(
    Effect.timeoutFail({ duration: "5 seconds", onTimeout: () => "it says nothing within 5 s" }),
    Effect.mapError((reason) => new GatewaySilent({ url, reason }))
  )

// A host's path stands before ours, and some give the URL that their SDK has.
const viewOf = (url: string): URL => {
  const base = url.endsWith("/") ? url.slice(0, -1) : url
  return new URL(base.endsWith("/v1") ? `${base}/backends` : `${base}/v1/backends`)
}

const Answer = Schema.Struct({ data: Schema.Array(LiveBackend) })
