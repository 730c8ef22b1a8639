import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { Backend } from "../backend/Backend.js"
import * as Credentials from "../backend/Credentials.js"
import * as SecretText from "../backend/SecretText.js"
import type { ConfigIssue } from "../schema/ConfigIssue.js"

/** Keys that hold more than a key, as what was copied along with it; nothing of them is told. */
export const find = (backends: ReadonlyArray<Backend>): ReadonlyArray<ConfigIssue> =>
  backends.flatMap((backend, index) => [
    ...Option.match(Credentials.ownKey(backend), {
      onNone: () => [],
      onSome: (key) => problemsOf(Redacted.value(key), backend.keyHeader === "authorization")
    }).map((message) => ({
      path: ["openai_clients", index, Option.isSome(backend.apiKeyFile) ? "api_key_file" : "api_key"],
      message
    })),
    ...Object.entries(backend.headers).flatMap(([name, value]) =>
      Credentials.isCredential(name) && isQuoted(SecretText.reveal(value))
        ? [{ path: ["openai_clients", index, "headers", name], message: quoted }]
        : []
    )
  ])

const problemsOf = (key: string, isBearer: boolean): ReadonlyArray<string> => {
  if (isQuoted(key)) return [quoted]
  if (isBearer && /^(?:bearer|basic)\s/i.test(key)) {
    return ['begins with the name of a scheme, and "Bearer " is put before it all the same']
  }
  if (/^[A-Z_][A-Z\d_]*=\S/.test(key)) return ["looks like a line that sets a variable; all of it is sent as the key"]
  return isBearer && /\s/.test(key) ? ["holds white space, which is sent as a part of the key"] : []
}

const isQuoted = (text: string): boolean => /^["'`]/.test(text) || /["'`]$/.test(text)

const quoted = "begins or ends with a quote, which is sent as a part of the key"
