import * as Data from "effect/Data"
import * as Either from "effect/Either"
import type { Headers } from "../domain/backend/Credentials.js"
import { cut } from "../domain/text/CutText.js"

/** The head of a response, and what it says of the body and of the connection. */
export interface ResponseHead {
  readonly status: number
  readonly headers: Headers
  readonly framing: Framing
  /** Whether the connection can serve again once the body has ended. */
  readonly isKept: boolean
  /** How long the server keeps an idle connection, in ms, where it says so. */
  readonly keptFor: number | undefined
}

/** What tells the end of a body: its length in bytes, a last chunk, or the end of the connection. */
export type Framing = number | "chunked" | "close"

/** What came is not a response of HTTP/1.1 that can be read. */
export class NotHttp extends Data.TaggedError("NotHttp")<{ readonly reason: string }> {
  override get message() {
    return `not a response of HTTP/1.1: ${this.reason}`
  }
}

/** Reads a head, its empty line included, as RFC 9112 has it; a line may end without CR. */
export const parse = (head: string): Either.Either<ResponseHead, NotHttp> => {
  const text = folded.test(head) ? head.replace(fold, " ") : head
  const [line, minor, status] = statusLine.exec(text) ?? []
  if (line === undefined) return wrong("no status line")
  const headers = headersOf(text, line.length)
  if (headers === undefined) return wrong("a line in its head that is no header")
  const framing = framingOf(Number(status), headers)
  if (typeof framing === "object") return Either.left(framing)
  return Either.right({
    status: Number(status),
    headers,
    framing,
    isKept: isKept(minor === "1", framing, headers),
    keptFor: keptFor(headers["keep-alive"])
  })
}

type Draft = Record<string, string | Array<string>>

const wrong = (reason: string): Either.Either<never, NotHttp> => Either.left(new NotHttp({ reason }))

const folded = /\n[\t ]/
const fold = /\r?\n[\t ]+/g

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [^\r\n]*)?\r?\n/

// A value begins with what is no white space, since either could take that where a line turns out to be none.
const header = /([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*((?:[\x21-\x7e\x80-\xff][\t\x20-\x7e\x80-\xff]*)?)\r?\n/y

// The headers from there on to the empty line; undefined when a line is none.
const headersOf = (text: string, from: number): Draft | undefined => {
  const headers: Draft = {}
  for (let at = from; text.length - at > emptyLine; at = header.lastIndex) {
    header.lastIndex = at
    const [, name, value] = header.exec(text) ?? []
    if (name === undefined || value === undefined) return undefined
    add(headers, name.toLowerCase(), value.trimEnd())
  }
  return headers
}

const emptyLine = "\r\n".length

const add = (headers: Draft, name: string, value: string): void => {
  const before = headers[name]
  if (typeof before === "string") headers[name] = [before, value]
  else if (Array.isArray(before)) before.push(value)
  // Whatever else stands there is inherited.
  else headers[name] = value
}

const isKept = (isNew: boolean, framing: Framing, headers: Draft): boolean => {
  // A length beside a coding is how responses are smuggled: the coding counts, and what follows is not trusted.
  if (framing === "close" || (framing === "chunked" && headers["content-length"] !== undefined)) return false
  // HTTP/1.0 knows no coding, and whoever stands between may have read the body otherwise.
  if (!isNew && headers["transfer-encoding"] !== undefined) return false
  const wish = String(headers["connection"] ?? "").toLowerCase()
  return isNew ? !has(wish, "close") : has(wish, "keep-alive")
}

const has = (list: string, item: string): boolean =>
  list === item || (list.includes(item) && list.split(",").some((each) => each.trim() === item))

const keptFor = (parameters: Draft[string] | undefined): number | undefined => {
  if (parameters === undefined) return undefined
  const [, seconds] = /timeout=(\d+)/i.exec(String(parameters)) ?? []
  return seconds === undefined ? undefined : Number(seconds) * 1_000
}

const framingOf = (status: number, headers: Draft): Framing | NotHttp => {
  if (status < 200 || status === 204 || status === 304) return 0
  const coding = String(headers["transfer-encoding"] ?? "identity").toLowerCase()
  if (coding === "chunked") return "chunked"
  if (coding !== "identity") return new NotHttp({ reason: `transfer-encoding: ${cut(coding)}` })
  const length = headers["content-length"]
  if (length === undefined) return "close"
  // Some say it twice.
  const [, first] = lengths.exec(String(length)) ?? []
  return first === undefined ? new NotHttp({ reason: "a strange length" }) : Number(first)
}

const lengths = /^(\d{1,15})(?:, *\1)*$/
