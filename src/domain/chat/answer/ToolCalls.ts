import * as JsonObject from "../../json/JsonObject.js"
import * as JsonText from "../../json/JsonText.js"

/** Repairs the tool calls of one choice: dense indexes, id, type and name once, arguments always text. */
export interface ToolCalls {
  /** The repaired deltas for a `tool_calls` list as it came. */
  push(calls: ReadonlyArray<unknown>): ReadonlyArray<JsonObject.JsonObject>
  /** The last deltas, with `{}` for functions that were called without any arguments: clients parse them as JSON. */
  complete(last: ReadonlyArray<JsonObject.JsonObject>): ReadonlyArray<JsonObject.JsonObject>
  /** Whether any call was made. */
  any(): boolean
}

interface Slot {
  readonly index: number
  readonly upstreamIndex: unknown
  readonly custom: boolean
  id: string
  name: string
  /** Whether any arguments have come. */
  argued: boolean
}

/** No client accepts more calls in one answer. */
const maxCalls = 128

/** The repair for one choice; `idFor` names a call that came without an id. */
export const make = (idFor: (index: number) => string): ToolCalls => new CallRepair(idFor)

class CallRepair implements ToolCalls {
  private readonly slots: Array<Slot> = []

  constructor(private readonly idFor: (index: number) => string) {}

  push(calls: ReadonlyArray<unknown>): ReadonlyArray<JsonObject.JsonObject> {
    return calls.length === 0 ? none : calls.map((call) => this.pushOne(call)).filter((call) => call !== undefined)
  }

  complete(last: ReadonlyArray<JsonObject.JsonObject>): ReadonlyArray<JsonObject.JsonObject> {
    const silent = new Set(this.slots.filter((slot) => !slot.argued).map((slot) => slot.index))
    if (silent.size === 0) return last
    for (const slot of this.slots) slot.argued = true
    const completed = last.map((call) =>
      silent.delete(Number(call["index"]))
        ? { ...call, function: { ...JsonObject.orEmpty(call["function"]), arguments: "{}" } }
        : call
    )
    return [...completed, ...[...silent].map((index) => ({ index, function: { arguments: "{}" } }))]
  }

  any(): boolean {
    return this.slots.length > 0
  }

  private pushOne(value: unknown): JsonObject.JsonObject | undefined {
    if (!JsonObject.is(value)) return undefined
    const { index: _, id: rawId, type: __, function: rawFunction, custom: rawCustom, ...unknown } = value
    const given = JsonObject.orEmpty(rawFunction ?? rawCustom)
    const id = JsonObject.text(rawId)
    const name = JsonObject.text(given["name"])
    const found = this.find(value, id, name)
    if (found === undefined && this.slots.length >= maxCalls) return undefined
    const slot = found ?? this.open(value, id, name)
    const input = argumentsText(slot.custom ? given["input"] : given["arguments"])
    slot.argued ||= input !== ""
    const named = found !== undefined && slot.name === "" && name !== undefined
    if (named) slot.name = name
    const face = slot.custom ? { input } : { arguments: input }
    const body = found === undefined || named ? { name: slot.name, ...face } : face
    const kind = slot.custom ? "custom" : "function"
    return {
      index: slot.index,
      ...(found === undefined ? { id: slot.id, type: kind } : {}),
      [kind]: body,
      ...JsonObject.withoutNulls(unknown)
    }
  }

  private find(call: JsonObject.JsonObject, id: string | undefined, name: string | undefined): Slot | undefined {
    const { slots } = this
    const { index } = call
    if (typeof index !== "number") {
      if (id !== undefined) return slots.find((slot) => slot.id === id)
      const last = slots.at(-1)
      return name !== undefined && last !== undefined && last.name !== "" ? undefined : last
    }
    const slot = slots.findLast((each) => each.upstreamIndex === index)
    // Ollama numbers parallel calls 0: another id with a name is another call.
    const another = slot !== undefined && id !== undefined && id !== slot.id && name !== undefined && slot.name !== ""
    return another ? slots.find((each) => each.id === id) : slot
  }

  private open(call: JsonObject.JsonObject, id: string | undefined, name: string | undefined): Slot {
    const index = this.slots.length
    const custom = JsonObject.is(call["custom"]) || call["type"] === "custom"
    const slot = {
      index,
      upstreamIndex: call["index"],
      custom,
      id: id ?? this.idFor(index),
      name: name ?? "",
      argued: custom
    }
    this.slots.push(slot)
    return slot
  }
}

const none: ReadonlyArray<JsonObject.JsonObject> = []

/** Arguments as text, whatever a backend sent: some send the object itself. */
export const argumentsText = (value: unknown): string => {
  if (typeof value === "string") return value
  return value === null || value === undefined ? "" : JsonText.write(value)
}
