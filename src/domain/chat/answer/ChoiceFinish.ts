import * as FinishReason from "./FinishReason.js"
import * as JsonObject from "../../json/JsonObject.js"

/** How a choice ends: what was said of it, and what its last chunk has. */
export class ChoiceFinish {
  private said: unknown = undefined
  /** Whether something of the answer came after a reason. */
  private isDoubtful = false
  /** What else the choice said then. */
  private beside: Record<string, unknown> = {}

  /** The reason that was given last, without regard to what was called. */
  reason(): FinishReason.FinishReason | undefined {
    const decoded = FinishReason.decode(this.said)
    // What was broken off fails before it gets here.
    return decoded === "broken" ? "stop" : decoded
  }

  /** Whether a reason was given, and nothing of the answer came after it. */
  isSettled(): boolean {
    return this.said !== undefined && !this.isDoubtful
  }

  /** Takes the reason of a choice that says something of the answer or not; false where it gives none. */
  take(reason: unknown, content: boolean): boolean {
    const isGiven = reason !== undefined && FinishReason.word(reason) !== undefined
    if (content) this.isDoubtful = this.said !== undefined
    else if (isGiven) this.isDoubtful = false
    if (isGiven) this.said = reason
    return isGiven
  }

  /** Keeps what the last chunk of the choice shall have. */
  keep(fields: JsonObject.JsonObject): void {
    for (const key in fields) {
      if (key !== "__proto__" && (JsonObject.isPresent(fields[key]) || !(key in this.beside)))
        this.beside[key] = fields[key]
    }
  }

  /** What the last chunk of the choice has, with the backend's own word for its reason where nobody knows it. */
  fields(reason: FinishReason.FinishReason): JsonObject.JsonObject {
    const said = FinishReason.word(this.said)
    const native = said !== undefined && FinishReason.isUnknown(said) ? { native_finish_reason: said } : {}
    return { finish_reason: reason, ...native, ...this.beside }
  }
}
