import * as Data from "effect/Data"
import * as Either from "effect/Either"
import type { Request } from "./Dispatch.js"

/** A header that cannot be sent; what it says is not told, for it may be a key. */
export class HeaderUnsendable extends Data.TaggedError("HeaderUnsendable")<{ readonly name: string }> {
  override get message() {
    return `the header '${this.name}' has characters that cannot be sent`
  }
}

/** The lines of a request but for the length of its body; `host` goes with what brings none of its own. */
export const write = ({ headers, method, path }: Request, host: string): Either.Either<string, HeaderUnsendable> => {
  let lines = `${method} ${path} HTTP/1.1\r\nconnection: keep-alive\r\n`
  if (headers["host"] === undefined) lines += `host: ${host}\r\n`
  for (const name in headers) {
    const value = headers[name] ?? ""
    if (unsendable.test(value)) return Either.left(new HeaderUnsendable({ name }))
    lines += `${name}: ${value}\r\n`
  }
  return Either.right(lines)
}

// Controls, which could begin another line, and what is not of Latin-1.
const unsendable = /[^\t\x20-\x7e\x80-\xff]/
