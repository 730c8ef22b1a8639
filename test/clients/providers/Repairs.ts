import type { Difference } from "./Ledger.js"

/** A difference that the gateway makes, and the section of docs/wire.md that says so. */
export interface Repair {
  readonly name: string
  readonly section: string
  readonly holds: (difference: Difference) => boolean
}

const repair = (section: string, name: string, holds: Repair["holds"]): Repair => ({ section, name, holds })

const isText = (value: unknown): value is string => typeof value === "string"

/** Every repair that answers of providers need. */
export const repairs: ReadonlyArray<Repair> = [
  repair(
    "0.4",
    "a finish that clients know",
    ({ direct, path, through }) =>
      path.endsWith("finish_reason") && direct !== through && ["stop", "end_turn"].includes(String(direct))
  ),
  repair(
    "0.5",
    "calls of their own number for each, with a type and arguments as text",
    ({ direct, path, through }) =>
      path.includes(".tool_calls[") &&
      (Array.isArray(direct) || direct === undefined || isGlued(direct, through) || path.includes("arguments"))
  ),
  repair(
    "0.7",
    "usage in its own place",
    ({ direct, path, through }) =>
      (/^(x_groq|choices\[0\])\.usage\./.test(path) && through === undefined) ||
      (path.startsWith("usage.") && direct === undefined)
  ),
  repair(
    "1.2",
    "a tier that clients do not know, under a name of its own",
    ({ direct, path, through }) =>
      (path === "service_tier" && isText(direct) && through === undefined) ||
      (path === "native_service_tier" && direct === undefined && isText(through))
  ),
  repair(
    "2.5",
    "content as a list of parts",
    ({ direct, path, through }) =>
      (/\.content$/.test(path) && Array.isArray(direct) && isText(through)) ||
      (/\.reasoning_content$/.test(path) && direct === undefined && isText(through))
  ),
  repair(
    "2.5",
    "a message beside the delta, or a delta beside the message",
    ({ path, through }) => /^choices\[0\]\.(message|delta)\./.test(path) && through === undefined
  )
]

// Two calls of one number are one text to whoever goes by the number.
const isGlued = (direct: unknown, through: unknown): boolean =>
  isText(direct) && isText(through) && direct.length > through.length && direct.startsWith(through)

/** The repair that makes a difference; undefined where no rule says so. */
export const of = (difference: Difference): Repair | undefined => repairs.find(({ holds }) => holds(difference))
