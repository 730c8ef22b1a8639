import type { Asking } from "./ClientProtocol.js"
import * as PathSegment from "../wire/PathSegment.js"
import * as Protocols from "./Protocols.js"

/** What one of Azure's older paths asks: of a deployment, which is a model to us, in a protocol. */
export interface Deployment {
  readonly model: string
  readonly protocol: Asking
}

/** What stands before the deployment. */
export const under = "/openai/deployments/"

/** What a path asks of a deployment; undefined for any other path, and for what no protocol serves. */
export const at = (path: string): Deployment | undefined => {
  // Where the routes are mounted in a host, its own path comes first.
  const from = path.indexOf(under)
  if (from === -1) return undefined
  const rest = path.slice(from + under.length)
  const found = operations.find(([operation]) => rest.endsWith(operation))
  if (found === undefined || rest === found[0]) return undefined
  const [operation, protocol] = found
  return { model: PathSegment.decode(rest.slice(0, -operation.length)), protocol }
}

// The end of one may be another one.
const operations = Protocols.endpoints
  .flatMap((protocol) => (protocol.deployed === undefined ? [] : [[protocol.deployed, protocol] as const]))
  .sort(([a], [b]) => b.length - a.length)
