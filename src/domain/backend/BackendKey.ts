import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { Backend } from "./Backend.js"
import * as Credentials from "./Credentials.js"
import * as SecretText from "./SecretText.js"
import { oncePer } from "../text/OncePer.js"

/** What makes a backend the same one after a reload: its name and its URL. */
export const of: (backend: Pick<Backend, "name" | "baseUrl">) => string = oncePer(({ baseUrl, name }) =>
  JSON.stringify([name, baseUrl])
)

/**
 * Who is asked, and as whom: what another key or header has brought on is forgotten with it, be it a refusal or a limit. It
 * holds the key, so it is nothing to be told.
 */
export const accessOf: (backend: Backend) => string = oncePer((backend) =>
  JSON.stringify([
    of(backend),
    backend.keyHeader,
    Credentials.takesCallers(backend),
    Option.getOrNull(Option.map(Credentials.ownKey(backend), Redacted.value)),
    Object.entries(backend.headers).map(([name, value]) => [name, SecretText.reveal(value)])
  ])
)
