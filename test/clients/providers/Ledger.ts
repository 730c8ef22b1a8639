import { isDeepStrictEqual } from "node:util"
import * as JsonObject from "../../../src/domain/json/JsonObject.js"

/**
 * All that an answer says, by path: what goes on from delta to delta is one text, of the rest each value once. Nulls say
 * nothing.
 */
export type Ledger = ReadonlyMap<string, unknown>

/** A path whose value is not the same in two ledgers; undefined where it is not there. */
export interface Difference {
  readonly path: string
  readonly direct: unknown
  readonly through: unknown
}

/** The ledger of a body. */
export const ofWhole = (body: unknown): Ledger => {
  const ledger = new Map<string, unknown>()
  walk("", body, (path, value) => ledger.set(path, value))
  return ledger
}

/** The ledger of the events of a stream, each of them JSON. */
export const ofStream = (text: string): Ledger => {
  const ledger = new Map<string, unknown>()
  for (const line of text.split("\n")) {
    const data = line.startsWith("data:") ? line.slice(5).trim() : ""
    if (data === "" || data === "[DONE]") continue
    const body: unknown = JSON.parse(data)
    walk("", body, (path, value) => ledger.set(path, together(path, ledger.get(path), value)))
  }
  return ledger
}

/** Where two ledgers differ. */
export const compare = (direct: Ledger, through: Ledger): ReadonlyArray<Difference> =>
  [...new Set([...direct.keys(), ...through.keys()])]
    .map((path) => ({ path, direct: direct.get(path), through: through.get(path) }))
    .filter((each) => !isDeepStrictEqual(each.direct, each.through))

const goesOn = /\.(content|reasoning|reasoning_content|refusal|arguments)$/

const together = (path: string, before: unknown, value: unknown): unknown => {
  if (before === undefined || path.startsWith("usage.")) return value
  if (goesOn.test(path) && typeof before === "string" && typeof value === "string") return before + value
  if (goesOn.test(path)) return [before, value].flat()
  return isDeepStrictEqual(before, value) || sayNothing(value)
    ? before
    : sayNothing(before)
      ? value
      : [before, value].flat()
}

const sayNothing = (value: unknown): boolean => value === "" || value === 0 || isDeepStrictEqual(value, {})

const walk = (path: string, value: unknown, tell: (path: string, value: unknown) => void): void => {
  if (value === null || value === undefined) return
  if (Array.isArray(value) && /(^|\.)(choices|tool_calls)$/.test(path)) {
    value.forEach((each: unknown, at) => {
      const { index = at, ...rest } = JsonObject.orEmpty(each)
      walk(`${path}[${String(index)}]`, rest, tell)
    })
    return
  }
  if (!JsonObject.is(value)) return tell(path, value)
  for (const [key, inner] of Object.entries(value)) walk(path === "" ? key : `${path}.${key}`, inner, tell)
}
