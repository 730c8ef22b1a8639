import * as Data from "effect/Data"
import * as Either from "effect/Either"
import type { Request } from "./Dispatch.js"

/** A header that cannot be sent; what it says is not told, for it may be a key. */
export class HeaderUnsendable extends Data.TaggedError("HeaderUnsendable")<{ readonly name: string }> {
  override get message() {
    return `the header '${this.name}' has characters that cannot be sent`
  }
}

/** A method, a path or the name of a header that cannot be sent: what stands there could begin another request. */
export class HeadUnsendable extends Data.TaggedError("HeadUnsendable")<{
  readonly part: "method" | "path" | "name of a header"
}> {
  override get message() {
    return `the ${this.part} is none that can be sent`
  }
}

/** What of a request stands in its head; nothing of it is taken on trust. */
export interface Head extends Pick<Request, "headers" | "path"> {
  readonly method: string
}

/** The lines of a request but for the length of its body; `host` goes with what brings none of its own. */
export const write = (
  { headers, method, path }: Head,
  host: string
): Either.Either<string, HeaderUnsendable | HeadUnsendable> => {
  if (!token.test(method)) return Either.left(new HeadUnsendable({ part: "method" }))
  if (!target.test(path)) return Either.left(new HeadUnsendable({ part: "path" }))
  let lines = `${method} ${path} HTTP/1.1\r\nconnection: keep-alive\r\n`
  if (headers["host"] === undefined) lines += `host: ${host}\r\n`
  for (const name in headers) {
    const value = headers[name] ?? ""
    if (!token.test(name)) return Either.left(new HeadUnsendable({ part: "name of a header" }))
    if (unsendable.test(value)) return Either.left(new HeaderUnsendable({ name }))
    lines += `${name}: ${value}\r\n`
  }
  return Either.right(lines)
}

// As RFC 9110 has it, for methods and for the names of headers.
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

// A path of a URL, with its query: whatever is no visible ASCII is encoded there.
const target = /^\/[\x21-\x7e]*$/

// Controls, which could begin another line, and what is not of Latin-1.
const unsendable = /[^\t\x20-\x7e\x80-\xff]/
