import * as Option from "effect/Option"
import type { Backend } from "../backend/Backend.js"
import * as BackendAddress from "../backend/BackendAddress.js"
import * as ProxySetting from "../backend/ProxySetting.js"
import type { TlsSettings } from "../backend/TlsSettings.js"
import type { ConfigIssue } from "../schema/ConfigIssue.js"

/** What a backend says of the way to it that its `base_url` leaves no room for. */
export const issues = (backends: ReadonlyArray<Backend>): ReadonlyArray<ConfigIssue> =>
  backends.flatMap((backend, index) => {
    const at = (keys: string | ReadonlyArray<string>, message: string) => [
      { path: ["openai_clients", index, ...[keys].flat()], message }
    ]
    const alone = Option.flatMap(backend.tls, loneKey)
    const { origin, socketPath } = BackendAddress.of(backend)
    return [
      ...(Option.isSome(backend.tls) && !origin.startsWith("https:")
        ? at("tls", "is of no use without a base_url of https://")
        : []),
      ...(Option.isSome(alone) ? at(["tls", alone.value], "cert and key are only of use together") : []),
      ...(ProxySetting.of(backend.proxy) !== undefined && socketPath !== undefined
        ? at("proxy", "cannot lead to a Unix socket")
        : [])
    ]
  })

const loneKey = ({ cert, key }: TlsSettings): Option.Option<string> =>
  Option.isSome(cert) === Option.isSome(key) ? Option.none() : Option.some(Option.isSome(cert) ? "cert" : "key")
