import type { IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import * as Fingerprint from "../records/store/Fingerprint.js"

/** What the last request of a connection came with, which hardly ever changes; known as long as the connection lasts. */
interface Last {
  readonly authorization: string
  readonly fingerprint: string | undefined
}

const lastOf = new WeakMap<Socket, Last>()

/** The fingerprint of what a request came with, hashed once for a connection; undefined when that was no credential. */
export const of = ({ headers, socket, url = "" }: IncomingMessage): string | undefined => {
  const { authorization } = headers
  const known = authorization === undefined ? undefined : ofAuthorization(socket, authorization)
  return known ?? Fingerprint.ofRequest(headers, url)
}

const ofAuthorization = (socket: Socket, authorization: string): string | undefined => {
  const last = lastOf.get(socket)
  if (last?.authorization === authorization) return last.fingerprint
  const fingerprint = Fingerprint.ofRequest({ authorization }, "")
  lastOf.set(socket, { authorization, fingerprint })
  return fingerprint
}
