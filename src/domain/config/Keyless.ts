import * as Option from "effect/Option"
import type { Backend } from "../backend/Backend.js"
import type { ConfigIssue } from "../schema/ConfigIssue.js"
import * as Credentials from "../backend/Credentials.js"

/** Backends without a key beside others with one: whoever counted on the caller's key there has to say so. */
export const find = (backends: ReadonlyArray<Backend>): ReadonlyArray<ConfigIssue> =>
  backends.some(Credentials.hasKey)
    ? backends.flatMap((backend, index) =>
        mayNeedKey(backend)
          ? [{ path: ["openai_clients", index], message: `"${backend.name}" is asked without a key; ${advice}` }]
          : []
      )
    : []

const advice = "write api_key: caller to send it the caller's, as long as other backends have keys of their own"

// Servers of one's own network seldom ask for a key.
const mayNeedKey = (backend: Backend): boolean =>
  backend.baseUrl !== "demo:" &&
  Option.isNone(backend.apiKey) &&
  !Credentials.hasKey(backend) &&
  !isPrivate(new URL(backend.baseUrl).hostname)

const isPrivate = (host: string): boolean =>
  !host.includes(".") ||
  /^(?:10|127|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.[\d.]+$/.test(host) ||
  /\.(?:local|localhost|internal|lan|home|svc|cluster\.local)$/.test(host)
