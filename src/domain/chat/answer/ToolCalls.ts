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
  private again = false

  constructor(
    readonly index: number,
    readonly custom: boolean,
    readonly id: string,
    public name: string,
    /** What the backend said of it at first. */
    readonly said: Said
  ) {}

  /** Notes a delta of it that says nothing but its name. */
  heed({ input, name }: Said): void {
    this.again ||= name !== undefined && input === "" && this.written.isComplete()
  }

  /** Whether another call is named. */
  hasOtherName({ name }: Said): boolean {
    return this.name !== "" && name !== undefined && name !== this.name
  }

  /** Whether the arguments of a delta are another call's of the same function: they come after its own, and are new. */
  hasOtherArguments({ input, name }: Said): boolean {
    const isNamed = (name !== undefined && this.name !== "") || this.again
    return isNamed && this.written.isComplete() && input.trim() !== "" && !this.written.isSame(input)
  }

  /** The name of a call that goes on without one. */
  nameAgain(): string | undefined {
    return this.again ? this.name : undefined
  }
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
  /** The calls of the last list that had several. */
  private list: ReadonlyArray<Slot> = []

  constructor(private readonly idFor: (index: number) => string) {}

  push(calls: ReadonlyArray<unknown>): ReadonlyArray<JsonObject.JsonObject> {
    if (calls.length === 0) return none
    const list = calls.length > 1 ? new CallList(this.list) : undefined
    const deltas = calls.map((call) => this.pushOne(call, list)).filter((call) => call !== undefined)
    this.list = list?.slots ?? this.list
    return deltas
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

  private pushOne(value: unknown, list: CallList | undefined): JsonObject.JsonObject | undefined {
    if (!JsonObject.is(value)) return undefined
    const { beside, isCustom, said, within } = read(value)
    const found = list === undefined ? this.find(said) : list.find(said, this.find(said))
    const isBare = JsonObject.isEmpty(beside) && JsonObject.isEmpty(within)
    if (found === undefined && isBare && saysNothing(said)) return undefined
    const slot = this.remember(found ?? this.open(said, isCustom), said)
    list?.add(slot, said)
    const input = slot.custom ? said.input : slot.written.push(said.input)
    slot.heed(said)
    const isNamed = found === undefined || (slot.name === "" && said.name !== undefined)
    if (slot.name === "") slot.name = said.name ?? ""
    if (isBare && input === "" && !isNamed) return undefined
    const kind = slot.custom ? "custom" : "function"
    const face = slot.custom ? { input } : { arguments: input }
    return {
      index: slot.index,
      ...(found === undefined ? { id: slot.id, type: kind } : {}),
      [kind]: { ...(isNamed ? { name: slot.name } : {}), ...face, ...within },
      ...beside
    }
  }

  // An id tells more than an index, and an index more than the order.
  private find(said: Said): Slot | undefined {
    const { id, index } = said
    const known = id === undefined ? undefined : this.byId.get(id)
    if (known !== undefined) return isAnother(known, said) ? undefined : known
    const slot = index === undefined ? this.slots.at(-1) : this.byIndex.get(index)
    if (slot === undefined || slot.hasOtherName(said) || slot.hasOtherArguments(said)) return undefined
    // Ollama numbers parallel calls 0: another id is another call, unless this one is in the middle of its arguments.
    const hasOtherId = id !== undefined && (slot.said.id !== undefined || index === undefined)
    const begins = said.name !== undefined || index === undefined
    return hasOtherId && begins && slot.name !== "" && !slot.written.isOpen() ? undefined : slot
  }

  private remember(slot: Slot, { id, index }: Said): Slot {
    if (index !== undefined) this.byIndex.set(index, slot)
    if (id !== undefined) this.byId.set(id, slot)
    return slot
  }

  private open(said: Said, custom: boolean): Slot {
    const { id, index, name } = said
    const at = this.slots.length
    const isTaken = id === undefined || this.byId.has(id)
    const before = index === undefined ? this.slots.at(-1) : this.byIndex.get(index)
    const slot = new Slot(at, custom, isTaken ? this.idFor(at) : id, name ?? before?.nameAgain() ?? "", said)
    this.slots.push(slot)
    return slot
  }
}

/** The calls of one list with several items: no two of them are one call, unless their ids or numbers say so. */
class CallList {
  readonly slots: Array<Slot> = []
  private readonly taken = new Set<Slot>()
  private readonly named = new Set<Slot>()

  constructor(private readonly before: ReadonlyArray<Slot>) {}

  add(slot: Slot, { name }: Said): void {
    this.slots.push(slot)
    this.taken.add(slot)
    if (name !== undefined) this.named.add(slot)
  }

  find(said: Said, found: Slot | undefined): Slot | undefined {
    const isPlain = said.id === undefined && said.index === undefined
    // What has no name, number or id is told by its place.
    const placed = isPlain && said.name === undefined ? this.before[this.slots.length] : undefined
    if (placed !== undefined) return placed
    if (found === undefined) return undefined
    const isTaken = isPlain ? this.taken.has(found) : said.name !== undefined && this.named.has(found)
    return isTaken ? undefined : found
  }
}

const none: ReadonlyArray<JsonObject.JsonObject> = []

// Where several calls have one id, it is their names or their numbers that differ.
const isAnother = (slot: Slot, said: Said): boolean => {
  if (said.name === undefined || slot.name === "") return false
  const isNumberedElse = said.index !== undefined && slot.said.index !== undefined && said.index !== slot.said.index
  const isSilent = said.input === "" && !slot.written.isOpen()
  return slot.hasOtherName(said) || (isNumberedElse && (slot.written.isComplete() || isSilent))
}

const saysNothing = ({ id, input, name }: Said): boolean => id === undefined && name === undefined && input === ""

const read = (value: JsonObject.JsonObject) => {
  const { index, id, type, function: rawFunction, custom: rawCustom, ...rest } = value
  const { given, unknown } = bodyOf(rawFunction ?? rawCustom, rest)
  const { name, arguments: rawArguments, input: rawInput, parameters, ...within } = given
  const isCustom = JsonObject.is(rawCustom) || type === "custom"
  const argued = isCustom ? (rawInput ?? rawArguments) : (rawArguments ?? rawInput ?? parameters)
  const said: Said = {
    index: WireIndex.of(index),
    id: JsonObject.text(id),
    name: JsonObject.text(name),
    input: ArgumentsText.of(argued)
  }
  return { said, isCustom, within: JsonObject.withoutNulls(within), beside: JsonObject.withoutNulls(unknown) }
}

// Some say it all in the call itself.
const bodyOf = (
  body: unknown,
  beside: JsonObject.JsonObject
): { readonly given: JsonObject.JsonObject; readonly unknown: JsonObject.JsonObject } => {
  if (JsonObject.is(body)) return { given: body, unknown: beside }
  const { name, arguments: input, ...unknown } = beside
  return { given: { name, arguments: input }, unknown }
}
