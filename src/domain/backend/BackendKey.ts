import type { Backend } from "./Backend.js"
import { oncePer } from "../text/OncePer.js"

/** What makes a backend the same one after a reload: its name and its URL. */
export const of: (backend: Pick<Backend, "name" | "baseUrl">) => string = oncePer(({ baseUrl, name }) =>
  JSON.stringify([name, baseUrl])
)
