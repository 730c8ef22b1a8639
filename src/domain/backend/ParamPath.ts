import * as JsonList from "../json/JsonList.js"
import * as JsonObject from "../json/JsonObject.js"

/** A path to a field of a body: `store`, `tools[].function.strict`. */
export type ParamPath = ReadonlyArray<Step>

interface Step {
  readonly name: string
  /** Of how many lists, one within the other, the next step is to be taken in each item. */
  readonly lists: number
}

/** Body keys that are the caller's or the gateway's own, so that no backend's configuration may touch them. */
export const reserved: ReadonlyArray<string> = ["model", "messages", "prompt", "stream"]

/** The path that a text writes; it must be one that {@link problem} has nothing to say of. */
export const parse = (text: string): ParamPath =>
  text.split(".").map((step) => {
    const name = step.replace(/(\[\])+$/, "")
    return { name, lists: (step.length - name.length) / 2 }
  })

/** Why nothing can be dropped by such a path, if so. */
export const problem = (text: string): string | undefined => {
  const path = parse(text)
  if (!path.every(isWellFormed)) return `"${text}" is no path such as "store" or "tools[].function.strict"`
  if (path.some(({ name }) => name === "__proto__")) return 'may not drop "__proto__"'
  const misread = path.findIndex((_, at) => isListMisread(path, at))
  if (misread !== -1) {
    const list = listAt(path, misread)
    return `"${text}" leads nowhere: "${list}" is a list, so write "${list}[].${written(path.slice(misread + 1))}"`
  }
  const [first, ...rest] = path
  const isTaken = first?.name === "messages" ? isEssential(rest) : reserved.includes(first?.name ?? "")
  if (isTaken) return `may not drop "${text}"`
  return path.at(-1)?.lists === 0 ? undefined : `may not drop "${text}", only all of a list or a field of its items`
}

// Names with brackets in them are indexes or slips of the hand.
const isWellFormed = ({ name }: Step): boolean => name !== "" && !/[[\]]/.test(name) && name === name.trim()

/** Lists of a request whose items are objects, or texts. */
const lists: ReadonlyArray<string> = ["messages", "messages[].content", "messages[].tool_calls", "tools", "functions"]

const isListMisread = (path: ParamPath, at: number): boolean =>
  at < path.length - 1 && path[at]?.lists !== 1 && lists.includes(listAt(path, at))

const listAt = (path: ParamPath, at: number): string =>
  written([...path.slice(0, at), { name: path[at]?.name ?? "", lists: 0 }])

const written = (path: ParamPath): string => path.map(({ lists, name }) => name + "[]".repeat(lists)).join(".")

// What makes a message one, and a part of it.
const isEssential = ([field, inner]: ParamPath): boolean =>
  field === undefined ||
  field.name === "role" ||
  (field.name === "content" && (inner === undefined || inner.name === "type" || inner.name === "text"))

/** The object without what stands at the end of the path; the very same where nothing does. */
export const drop = (object: JsonObject.JsonObject, path: ParamPath, at = 0): JsonObject.JsonObject => {
  const step = path[at]
  if (step === undefined || !Object.hasOwn(object, step.name)) return object
  const { lists, name } = step
  if (at === path.length - 1) return Object.fromEntries(Object.entries(object).filter(([key]) => key !== name))
  const inner = object[name]
  const left = inEach(inner, lists, (each) => (JsonObject.is(each) ? drop(each, path, at + 1) : each))
  return left === inner ? object : { ...object, [name]: left }
}

const inEach = (value: unknown, lists: number, change: (each: unknown) => unknown): unknown => {
  if (lists === 0) return change(value)
  return Array.isArray(value) ? JsonList.map(value, (each) => inEach(each, lists - 1, change)) : value
}
