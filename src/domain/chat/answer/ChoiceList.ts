import type * as AnswerShape from "./AnswerShape.js"
import type * as ChoiceRepair from "./ChoiceRepair.js"
import * as GrowingText from "../../text/GrowingText.js"
import type * as JsonObject from "../../json/JsonObject.js"
import * as WireIndex from "./WireIndex.js"

/** The choices of one answer, told apart by their numbers. */
export interface ChoiceList {
  /**
   * Puts what a choice of a chunk becomes behind those that must begin before it; `position` is its number where it has
   * none. False for a number beyond all reason.
   */
  push(choice: JsonObject.JsonObject, position: number, into: Array<ChoiceRepair.Repaired>): boolean
  isEmpty(): boolean
  /** Whether something of any of them is on its way. */
  hasBegun(): boolean
  /** Whether all of them have finished. */
  isFinished(): boolean
  /** Whether they have beyond doubt, so that a connection that is lost takes nothing away. */
  isSettled(): boolean
  /** Whether one has: the backend's word that it has said everything is to be believed then. */
  hasFinished(): boolean
  /** Whether there are some whose last is held back, and nothing stands in the way of sending it. */
  hasHeld(): boolean
  /** The last of those. */
  release(): ReadonlyArray<JsonObject.JsonObject>
  /** The last of each that has not been given yet, in their order; one that has not finished stops. */
  ends(): ReadonlyArray<JsonObject.JsonObject>
}

/** What is known of the choices before they come. */
export interface Options {
  /** The id of the answer, of which calls without one make theirs. */
  readonly id: string
  readonly prefix: string
  /** Whether only one choice was asked for. */
  readonly isOnly: boolean
  /** Whether each text of the backend repeats all that came before it. */
  readonly cumulative: boolean
}

/** The choices of an answer of this shape. */
export const make = (shape: AnswerShape.AnswerShape, options: Options): ChoiceList => new Choices(shape, options)

/** An answer has fewer choices than this; all of them have begun before the last one may. */
const mostChoices = 65_536

class Choices implements ChoiceList {
  private readonly list: Array<ChoiceRepair.ChoiceRepair> = []
  private readonly shorten: GrowingText.Shorten | undefined
  /** So many of them have begun, in their order. */
  private begun = 0
  /** So many of the first have finished. */
  private done = 0
  /** Those that others have a higher number than, and of which nothing has come. */
  private readonly unheard = new Set<number>()
  private readonly held = new Set<number>()

  constructor(
    private readonly shape: AnswerShape.AnswerShape,
    private readonly options: Options
  ) {
    this.shorten = options.cumulative ? GrowingText.make() : undefined
  }

  push(choice: JsonObject.JsonObject, position: number, into: Array<ChoiceRepair.Repaired>): boolean {
    const index = WireIndex.of(choice["index"]) ?? position
    if (index >= mostChoices) return false
    for (let lower = this.list.length; lower < index; lower++) {
      this.unheard.add(lower)
      this.at(lower)
    }
    if (this.unheard.delete(index)) this.done = Math.min(this.done, index)
    const own = this.pushTo(index, this.shorten === undefined ? choice : this.shorten(choice, index))
    if (own === undefined) return true
    // Clients want choice 0 to start before choice 1, and so on.
    for (; this.begun < index; this.begun++) {
      const lower = this.at(this.begun).push({})
      if (lower !== undefined) into.push(lower)
    }
    if (this.begun === index) this.begun++
    into.push(own)
    return true
  }

  isEmpty(): boolean {
    return this.list.length === 0
  }

  hasBegun(): boolean {
    return this.begun > 0
  }

  // Those that have finished stay so: none is asked twice.
  isFinished(): boolean {
    while (this.isMissing(this.done) || this.list[this.done]?.finished() === true) this.done++
    return this.done > 0 && this.done === this.list.length
  }

  isSettled(): boolean {
    return this.isFinished() && this.list.every((choice, index) => choice.isSettled() || this.isMissing(index))
  }

  hasFinished(): boolean {
    return this.list.some((choice) => choice.finished())
  }

  hasHeld(): boolean {
    return this.held.size > 0
  }

  release(): ReadonlyArray<JsonObject.JsonObject> {
    const ends = [...this.held].sort((a, b) => a - b).flatMap((index) => this.at(index).end())
    this.held.clear()
    return ends
  }

  ends(): ReadonlyArray<JsonObject.JsonObject> {
    for (const index of this.unheard) this.at(index).push({ finish_reason: "stop" })
    for (const choice of this.list) if (!choice.finished()) choice.push({ finish_reason: "stop" })
    return this.list.flatMap((choice) => choice.end())
  }

  private pushTo(index: number, choice: JsonObject.JsonObject): ChoiceRepair.Repaired | undefined {
    const own = this.at(index)
    const repaired = own.push(choice)
    if (own.isHeld()) this.held.add(index)
    else if (this.held.size > 0) this.held.delete(index)
    return repaired
  }

  // Some number the only choice 1: nothing comes before it.
  private isMissing(index: number): boolean {
    return this.options.isOnly && this.unheard.has(index)
  }

  private at(index: number): ChoiceRepair.ChoiceRepair {
    const { id, prefix } = this.options
    return (this.list[index] ??= this.shape.choice(index, prefix, (call) => `call_${id}_${index}_${call}`))
  }
}
