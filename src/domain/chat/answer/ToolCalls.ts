import * as ArgumentsText from "./ArgumentsText.js"
import * as JsonObject from "../../json/JsonObject.js"
import * as WireIndex from "./WireIndex.js"

/** Repairs the tool calls of one choice: dense indexes, id, type and name once, arguments always text. */
export interface ToolCalls {
  /** The repaired deltas for a `tool_calls` list as it came; none for what adds nothing. */
  push(calls: ReadonlyArray<unknown>): ReadonlyArray<JsonObject.JsonObject>
  /**
   * The last deltas, when no more will come: with `{}` for functions that were called without any arguments, which
   * clients parse as JSON, unless the choice was cut before them.
   */
  complete(isCut: boolean): ReadonlyArray<JsonObject.JsonObject>
  /** Whether any call was made. */
  any(): boolean
}

/** The repair for one choice; `idFor` names a call that came without an id. */
export const make = (idFor: (index: number) => string): ToolCalls => new CallRepair(idFor)

/** One call that has begun. */
class Slot {
  readonly written = ArgumentsText.make()
  /** Whether its name was said once more, with nothing, after its arguments. */
  again = false

  constructor(
    readonly index: number,
    readonly custom: boolean,
    readonly id: string,
    public name: string,
    /** What the backend said of it at first. */
    readonly said: Said
  ) {}
}

/** What a delta says of the call that it belongs to. */
interface Said {
  readonly index: number | undefined
  readonly id: string | undefined
  readonly name: string | undefined
  readonly input: string
}

class CallRepair implements ToolCalls {
  private readonly slots: Array<Slot> = []
  /** The last call that was given each number, and each id. */
  private readonly byIndex = new Map<number, Slot>()
  private readonly byId = new Map<string, Slot>()

  constructor(private readonly idFor: (index: number) => string) {}

  push(calls: ReadonlyArray<unknown>): ReadonlyArray<JsonObject.JsonObject> {
    return calls.length === 0 ? none : calls.map((call) => this.pushOne(call)).filter((call) => call !== undefined)
  }

  complete(isCut: boolean): ReadonlyArray<JsonObject.JsonObject> {
    const deltas: Array<JsonObject.JsonObject> = []
    for (const slot of this.slots) {
      const rest = slot.custom ? "" : slot.written.rest(isCut)
      if (rest !== "") deltas.push({ index: slot.index, function: { arguments: rest } })
    }
    return deltas
  }

  any(): boolean {
    return this.slots.length > 0
  }

  private pushOne(value: unknown): JsonObject.JsonObject | undefined {
    if (!JsonObject.is(value)) return undefined
    const { index: _, id: rawId, type, function: rawFunction, custom: rawCustom, ...beside } = value
    const { given, unknown } = bodyOf(rawFunction ?? rawCustom, beside)
    const { name: rawName, arguments: rawArguments, input: rawInput, ...within } = given
    const isCustom = JsonObject.is(rawCustom) || type === "custom"
    const said: Said = {
      index: WireIndex.of(value["index"]),
      id: JsonObject.text(rawId),
      name: JsonObject.text(rawName),
      input: ArgumentsText.of(isCustom ? (rawInput ?? rawArguments) : (rawArguments ?? rawInput))
    }
    const found = this.find(said)
    const slot = found ?? this.open(said, isCustom)
    const input = slot.custom ? said.input : slot.written.push(said.input)
    const named = found !== undefined && slot.name === "" && said.name !== undefined
    if (named) slot.name = said.name ?? ""
    const more = { within: JsonObject.withoutNulls(within), beside: JsonObject.withoutNulls(unknown) }
    const isSilent = input === "" && !named && Object.keys({ ...more.within, ...more.beside }).length === 0
    if (found !== undefined && isSilent) return undefined
    const face = slot.custom ? { input } : { arguments: input }
    const body = found === undefined || named ? { name: slot.name, ...face } : face
    const kind = slot.custom ? "custom" : "function"
    return {
      index: slot.index,
      ...(found === undefined ? { id: slot.id, type: kind } : {}),
      [kind]: { ...body, ...more.within },
      ...more.beside
    }
  }

  // An id tells more than an index, and an index more than the order.
  private find(said: Said): Slot | undefined {
    const { id, index } = said
    const known = id === undefined ? undefined : this.byId.get(id)
    if (known !== undefined) return isAnother(known, said) ? undefined : this.know(known, said)
    if (index === undefined) return id === undefined ? this.goneOn(this.slots.at(-1), said) : undefined
    const slot = this.byIndex.get(index)
    // Ollama numbers parallel calls 0: another id with a name is another call.
    if (slot?.said.id === undefined || id === undefined) return this.goneOn(slot, said)
    return said.name !== undefined && slot.name !== "" ? undefined : slot
  }

  private goneOn(slot: Slot | undefined, said: Said): Slot | undefined {
    return slot === undefined || begins(slot, said) ? undefined : this.know(slot, said)
  }

  private know(slot: Slot, { id, index }: Said): Slot {
    if (index !== undefined) this.byIndex.set(index, slot)
    if (id !== undefined) this.byId.set(id, slot)
    return slot
  }

  private open(said: Said, custom: boolean): Slot {
    const { id, index, name } = said
    const at = this.slots.length
    const isTaken = id === undefined || this.byId.has(id)
    const before = index === undefined ? this.slots.at(-1) : this.byIndex.get(index)
    const again = before?.again === true ? before.name : undefined
    const slot = new Slot(at, custom, isTaken ? this.idFor(at) : id, name ?? again ?? "", said)
    this.slots.push(slot)
    return this.know(slot, said)
  }
}

// Whether a delta without an id of its own begins another call, though it is numbered like this one or not at all: all
// calls may have the number 0. A name alone may be said once more of the same call; arguments after it tell.
const begins = (slot: Slot, { input, name }: Said): boolean => {
  if (slot.name === "" || (name !== undefined && name !== slot.name)) return slot.name !== ""
  if (!slot.written.isComplete()) return false
  if (name !== undefined && input === "") slot.again = true
  return (name !== undefined || slot.again) && input.trim() !== "" && !slot.written.isSame(input)
}

// Where several calls have one id, it is their names or their numbers that differ.
const isAnother = (slot: Slot, { index, name }: Said): boolean => {
  if (name === undefined || slot.name === "") return false
  const isNumberedElse = index !== undefined && slot.said.index !== undefined && index !== slot.said.index
  return name !== slot.name || (isNumberedElse && slot.written.isComplete())
}

const none: ReadonlyArray<JsonObject.JsonObject> = []

// Some say it all in the call itself.
const bodyOf = (
  body: unknown,
  beside: JsonObject.JsonObject
): { readonly given: JsonObject.JsonObject; readonly unknown: JsonObject.JsonObject } => {
  if (JsonObject.is(body)) return { given: body, unknown: beside }
  const { name, arguments: input, ...unknown } = beside
  return { given: { name, arguments: input }, unknown }
}
