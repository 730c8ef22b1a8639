import type { ClientProtocol } from "./ClientProtocol.js"

/** Where callers find what OpenAI has at a path: there, without its prefix, and at Azure's paths, the newer and the older. */
export const of = (path: `/${string}`): Pick<ClientProtocol, "paths" | "deployed"> => ({
  paths: [`/v1${path}`, path, `/openai/v1${path}`],
  deployed: path
})
