import type { Asking } from "./ClientProtocol.js"

/** Where callers find what OpenAI has at a path: there, without its prefix, and at Azure's paths, the newer and the older. */
export const of = (path: `/${string}`): Pick<Asking, "paths" | "deployed"> => ({
  paths: [`/v1${path}`, path, `/openai/v1${path}`],
  deployed: path
})
