import { hash } from "node:crypto"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Credentials from "../../domain/backend/Credentials.js"

/** The first 12 hex digits of a hash of a credential: enough to tell callers apart, too little to be one. */
export const of = (secret: Redacted.Redacted): string =>
  hash("sha256", `causeway caller\n${Redacted.value(secret)}`, "hex").slice(0, 12)

/** The fingerprint of what a request came with; undefined when that was no credential. */
export const ofRequest = (headers: Credentials.Headers, url: string): string | undefined =>
  Option.getOrUndefined(Option.map(Credentials.callerSecret(headers, url), of))
