import * as Either from "effect/Either"
import type { Part } from "./Form.js"
import * as HeaderParameters from "./HeaderParameters.js"

/** A form may have so many parts. */
const mostParts = 1_000

/** The head of a part may be this large, in bytes; of a field that is read the value, and all of these together. */
const most = { head: 4 * 1024, value: 64 * 1024, values: 1024 * 1024 }

/** What may stand behind a boundary on its line, in bytes. */
const mostPadding = 64

type Phase = "preamble" | "boundary" | "head" | "content" | "over"

type Begun = Omit<Part, "value" | "end">

/** Finds the parts of a form in its bytes, however they are cut, and keeps none of them but the values of its fields. */
export class FormScanner {
  private readonly delimiter: Buffer
  private readonly parts: Array<Part> = []
  private phase: Phase = "preamble"
  /** What is not understood yet. The first boundary may have no line end before it, so there is one before all. */
  private rest: Buffer = lineEnd
  /** Where {@link rest} begins, in all the bytes. */
  private at = -lineEnd.length
  /** Where the line of the last boundary begins. */
  private from = 0
  private begun: Begun | undefined = undefined
  private value: Array<Buffer> = []
  private valueSize = 0
  /** How much the values hold that have been read. */
  private held = 0

  constructor(boundary: string) {
    this.delimiter = Buffer.from(`\r\n--${boundary}`)
  }

  /** Takes bytes; says what is wrong with the form, if anything. */
  push(bytes: Buffer): string | undefined {
    if (this.phase === "over") return undefined
    const all = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes])
    let read = 0
    while (true) {
      const next = this.step(all, read)
      if (typeof next === "string") return next
      if (next === undefined) break
      read = next
    }
    // Of the content what may be the beginning of a boundary.
    if (this.isContent()) {
      const known = Math.max(read, all.length - this.delimiter.length + 1)
      this.take(all.subarray(read, known))
      read = known
    }
    this.rest = all.subarray(read)
    this.at += read
    return undefined
  }

  /** The parts, once all bytes have come; what is wrong where that is no whole form. */
  end(): Either.Either<ReadonlyArray<Part>, string> {
    return this.phase === "over" ? Either.right(this.parts) : Either.left("it breaks off before its last boundary")
  }

  // Understands what begins at `read`, and says where to go on; undefined where more has to come for that.
  private step(all: Buffer, read: number): number | string | undefined {
    switch (this.phase) {
      case "preamble":
      case "content":
        return this.untilBoundary(all, read)
      case "boundary":
        return this.behindBoundary(all, read)
      case "head":
        return this.readHead(all, read)
      case "over":
        return undefined
    }
  }

  private isContent(): boolean {
    return this.phase === "preamble" || this.phase === "content"
  }

  private untilBoundary(all: Buffer, read: number): number | undefined {
    const end = all.indexOf(this.delimiter, read)
    if (end === -1) return undefined
    this.take(all.subarray(read, end))
    this.close(this.at + end)
    this.from = this.at + end + lineEnd.length
    this.phase = "boundary"
    return end + this.delimiter.length
  }

  private behindBoundary(all: Buffer, read: number): number | string | undefined {
    const line = all.indexOf(lineEnd, read)
    const said = all.toString("latin1", read, line === -1 ? Math.min(all.length, read + mostPadding) : line)
    if (said.startsWith("--")) {
      this.phase = "over"
      return undefined
    }
    if (line === -1) return all.length - read > mostPadding ? "a boundary has no line end" : undefined
    if (said.trim() !== "") return "something stands behind a boundary"
    this.phase = "head"
    return line
  }

  // From the line end before it, for a head may be empty.
  private readHead(all: Buffer, read: number): number | string | undefined {
    const end = all.indexOf(headEnd, read)
    if ((end === -1 ? all.length : end) - read > most.head) return "the head of a part is too large"
    if (end === -1) return undefined
    if (this.parts.length === mostParts) return `it has more than ${mostParts} parts`
    const begin = end + headEnd.length
    const head = headOf(all.toString("utf8", read, end))
    if (head.name === undefined) return "a part has no name"
    this.begun = { ...head, name: head.name, from: this.from, begin: this.at + begin }
    this.phase = "content"
    return begin
  }

  private take(bytes: Buffer): void {
    if (this.begun === undefined || this.begun.filename !== undefined) return
    this.valueSize += bytes.length
    if (this.isRead()) this.value.push(Buffer.from(bytes))
    else this.value = []
  }

  private isRead(): boolean {
    return this.valueSize <= most.value && this.held + this.valueSize <= most.values
  }

  private close(end: number): void {
    const { begun } = this
    if (begun === undefined) return
    const isRead = begun.filename === undefined && this.isRead()
    if (isRead) this.held += this.valueSize
    this.parts.push({ ...begun, end, value: isRead ? Buffer.concat(this.value).toString("utf8") : undefined })
    this.begun = undefined
    this.value = []
    this.valueSize = 0
  }
}

const lineEnd = Buffer.from("\r\n")
const headEnd = Buffer.from("\r\n\r\n")

interface Head {
  readonly name: string | undefined
  readonly filename: string | undefined
  readonly type: string | undefined
}

const headOf = (text: string): Head => {
  const headers = new Map(
    text.split("\r\n").map((line) => {
      const colon = line.indexOf(":")
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const
    })
  )
  const { parameters } = HeaderParameters.of(headers.get("content-disposition") ?? "")
  return {
    name: parameters.get("name"),
    filename: parameters.get("filename") ?? parameters.get("filename*"),
    type: headers.get("content-type")
  }
}
