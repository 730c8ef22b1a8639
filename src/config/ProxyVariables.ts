import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as ProxyEnvironment from "../domain/config/ProxyEnvironment.js"

/** What the environment says of proxies now. */
export const read: Effect.Effect<ProxyEnvironment.ProxyEnvironment> = Effect.gen(function* () {
  const no = yield* variable("NO_PROXY")
  return {
    http: yield* variable("HTTP_PROXY"),
    https: yield* variable("HTTPS_PROXY"),
    all: yield* variable("ALL_PROXY"),
    no: no === undefined ? "" : Redacted.value(no.value)
  }
})

const variable = (name: string): Effect.Effect<ProxyEnvironment.Variable | undefined> =>
  Effect.gen(function* () {
    for (const spelling of [name.toLowerCase(), name]) {
      const value = yield* Effect.option(Config.redacted(spelling))
      if (Option.isSome(value) && Redacted.value(value.value).trim() !== "") {
        return { name: spelling, value: Redacted.make(Redacted.value(value.value).trim()) }
      }
    }
    return undefined
  })
