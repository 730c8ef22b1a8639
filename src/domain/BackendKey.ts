import type { Backend } from "./Backend.js"

const keys = new WeakMap<object, string>()

/** What makes a backend the same one after a reload: its name and its URL. */
export const of = (backend: Pick<Backend, "name" | "baseUrl">): string => {
  const known = keys.get(backend)
  if (known !== undefined) return known
  const key = JSON.stringify([backend.name, backend.baseUrl])
  keys.set(backend, key)
  return key
}
