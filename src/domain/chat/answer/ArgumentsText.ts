import * as Either from "effect/Either"
import * as JsonObject from "../../json/JsonObject.js"
import * as JsonText from "../../json/JsonText.js"
import * as Rope from "../../text/Rope.js"

/** The arguments of one call, as they come piece by piece. */
export interface ArgumentsText {
  /** What of a piece goes on to the caller. */
  push(piece: string): string
  /** Whether a whole list or object has come. */
  isComplete(): boolean
  /** Whether something has come that is not whole yet. */
  isOpen(): boolean
  /** Whether a text stands for the same value as all that has come. */
  isSame(text: string): boolean
  /** What is owed to the caller when no more will come. */
  rest(isCut: boolean): string
}

/** The arguments of a call that has just begun. */
export const make = (): ArgumentsText => new Assembly()

/** Arguments as text, whatever a backend sent: some send the object itself. */
export const of = (value: unknown): string => {
  if (typeof value === "string") return value
  return value === null || value === undefined ? "" : JsonText.write(value)
}

/** What stands for arguments until they come, with some backends, and for none with others. */
const placeholder = "{}"

class Assembly implements ArgumentsText {
  private text = ""
  /** A placeholder that has not gone on. */
  private held = ""
  /** All that has come without its spaces, once somebody asked for it; nothing comes after it is complete. */
  private value: string | undefined = undefined
  private depth = 0
  private isInString = false
  /** Whether the outermost list or object has ended. */
  private isClosed = false
  private isEscaped = false

  push(piece: string): string {
    if (piece === "") return ""
    if (this.text === "" && piece.trim() === placeholder) {
      this.held = placeholder
      return ""
    }
    // A placeholder stays one for all the spaces behind it.
    if (this.held !== "" && piece.trim() === "") return ""
    if (this.isComplete()) return this.isSame(piece) ? "" : piece
    this.held = ""
    this.text = Rope.append(this.text, piece)
    this.follow(piece)
    return piece
  }

  isComplete(): boolean {
    return this.isClosed
  }

  isOpen(): boolean {
    return this.depth > 0 || this.isInString
  }

  isSame(text: string): boolean {
    if (this.text === text) return true
    this.value ??= valueOf(this.text)
    return valueOf(text) === this.value
  }

  rest(isCut: boolean): string {
    if (this.text !== "" || (isCut && this.held === "")) return ""
    this.text = placeholder
    return placeholder
  }

  private follow(piece: string): void {
    for (let at = 0; at < piece.length; at++) {
      const code = piece.charCodeAt(at)
      if (this.isEscaped) this.isEscaped = false
      else if (this.isInString) {
        if (code === backslash) this.isEscaped = true
        else if (code === quote) this.isInString = false
      } else if (code === quote) this.isInString = true
      else if (code === openBrace || code === openBracket) this.depth++
      else if (code === closeBrace || code === closeBracket) this.isClosed = --this.depth === 0
    }
  }
}

// The same text for the same value, in whatever order its members are.
const valueOf = (text: string): string =>
  Either.match(JsonText.read(text), { onLeft: () => text, onRight: (value) => JsonText.write(ordered(value)) })

// What is nested too deeply is not read.
const ordered = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(ordered)
  if (!JsonObject.is(value)) return value
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(members.map(([key, member]) => [key, ordered(member)]))
}

const quote = 0x22
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d
