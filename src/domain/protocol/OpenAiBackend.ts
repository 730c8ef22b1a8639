import * as Credentials from "../backend/Credentials.js"
import * as Prepare from "../chat/request/Prepare.js"
import * as UpstreamError from "../failure/UpstreamError.js"
import type { BackendProtocol } from "./BackendProtocol.js"

/** One of OpenAI's endpoints, whose words are the hub's. */
export const at = (path: string): BackendProtocol => ({
  path: () => path,
  headers: ({ stream }, backend, caller) => Credentials.upstreamHeaders(backend, caller, stream),
  body: Prepare.make,
  decoder: undefined,
  rejection: UpstreamError.fromResponse
})
