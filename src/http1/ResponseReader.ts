import * as Either from "effect/Either"
import * as ResponseHead from "./ResponseHead.js"

/** Hears of a response as it is read. */
export interface ResponseListener {
  onHead(head: ResponseHead.ResponseHead): void
  onBody(bytes: Uint8Array): void
  /** The response has ended; `isClean` when nothing came after it. */
  onEnd(isClean: boolean): void
}

/** A head, and what follows on the last chunk, may be this large, in bytes. */
const maxHead = 64 * 1024

/** So many informational heads may come before that of the answer. */
const maxInformational = 100

/** A size of a chunk may have this many digits, and its line this many bytes. */
const most = { digits: 12, line: 4_096 }

/** Which part of a response comes next. */
type Phase = "head" | "body" | "rest" | "size" | "extension" | "gap" | "trailers" | "over"

/** Turns the bytes of a connection into one response at a time, however they are cut. */
export class ResponseReader {
  private phase: Phase = "head"
  /** The head so far: the beginning of a memory that doubles, so that one that comes byte by byte costs no more. */
  private begun = nothing
  private beginning = 0
  private chunked = false
  /** Bytes that are left of the body or of the chunk; the size of the chunk while it is read. */
  private left = 0
  /** Digits, then bytes, of the line that is read. */
  private line = 0
  /** Whether the last byte of the line was a CR, which only an LF may follow. */
  private returned = false
  private trailed = 0
  private informational = 0
  private wrong: ResponseHead.NotHttp | undefined = undefined

  constructor(private readonly listener: ResponseListener) {}

  /** Takes bytes, which must stay as they are; says what is wrong with them, if anything: nothing can follow then. */
  push(bytes: Buffer): ResponseHead.NotHttp | undefined {
    for (let at = 0; at < bytes.length && this.wrong === undefined && this.phase !== "over";) at = this.step(bytes, at)
    return this.wrong
  }

  /** Whether the response is one that ends with its connection. */
  endsWithConnection(): boolean {
    return this.phase === "rest"
  }

  /** Reads nothing any more. */
  stop(): void {
    this.phase = "over"
  }

  /** Gets ready for the next response. */
  reset(): void {
    this.phase = "head"
    this.informational = 0
  }

  // Reads a part of the bytes that begins at `at`, and says where the next one does.
  private step(bytes: Buffer, at: number): number {
    switch (this.phase) {
      case "head":
        return this.readHead(bytes, at)
      case "body":
        return this.readBody(bytes, at)
      case "rest":
        this.listener.onBody(bytes.subarray(at))
        return bytes.length
      case "size":
        return this.readSize(bytes, at)
      case "extension":
        return this.readExtension(bytes, at)
      case "gap":
        return this.readGap(bytes, at)
      case "trailers":
        return this.readTrailers(bytes, at)
      case "over":
        return bytes.length
    }
  }

  private readHead(bytes: Buffer, at: number): number {
    const known = this.beginning
    const head = known === 0 ? bytes.subarray(at) : this.begin(bytes, at)
    const end = endOfHead(head, Math.max(0, known - emptyLine))
    if (end > maxHead || (end === -1 && head.length > maxHead)) return this.fail("its head is too large")
    if (end === -1) {
      if (known === 0) this.begin(bytes, at)
      return bytes.length
    }
    this.begun = nothing
    this.beginning = 0
    this.takeHead(ResponseHead.parse(head.toString("latin1", 0, end)), end === head.length)
    return bytes.length - (head.length - end)
  }

  // Puts the bytes behind what there is of the head, and gives back all of it.
  private begin(bytes: Buffer, at: number): Buffer {
    const known = this.beginning
    this.beginning += bytes.length - at
    if (this.beginning > this.begun.length) {
      const larger = Buffer.allocUnsafeSlow(2 * this.beginning)
      larger.set(this.begun.subarray(0, known))
      this.begun = larger
    }
    this.begun.set(bytes.subarray(at), known)
    return this.begun.subarray(0, this.beginning)
  }

  private takeHead(parsed: Either.Either<ResponseHead.ResponseHead, ResponseHead.NotHttp>, isAll: boolean): void {
    if (Either.isLeft(parsed)) {
      this.wrong = parsed.left
      return
    }
    const { framing, status } = parsed.right
    if (status === 101) return void this.fail("it changes the protocol")
    // Informational; the real one follows.
    if (status < 200 && ++this.informational <= maxInformational) return
    if (status < 200) return void this.fail("its informational heads have no end")
    this.chunked = framing === "chunked"
    this.left = typeof framing === "number" ? framing : 0
    this.line = 0
    this.phase = framing === "chunked" ? "size" : framing === "close" ? "rest" : "body"
    this.listener.onHead(parsed.right)
    if (framing === 0 && this.phase === "body") this.end(isAll)
  }

  private readBody(bytes: Buffer, at: number): number {
    const to = Math.min(bytes.length, at + this.left)
    this.left -= to - at
    const isLast = this.left === 0
    if (isLast && this.chunked) this.phase = "gap"
    this.listener.onBody(bytes.subarray(at, to))
    if (isLast && this.phase === "body") this.end(to === bytes.length)
    return to
  }

  private readSize(bytes: Buffer, at: number): number {
    for (let to = at; to < bytes.length; to++) {
      const code = bytes[to] ?? 0
      const digit = digitOf(code)
      if (digit === -1)
        return this.line > 0 && endsSize(code) ? this.beginExtension(bytes, to) : this.fail("a chunk without size")
      if (++this.line > most.digits) return this.fail("a chunk is too large")
      this.left = this.left * 16 + digit
    }
    return bytes.length
  }

  private beginExtension(bytes: Buffer, at: number): number {
    this.line = 0
    this.phase = "extension"
    return bytes[at] === cr && bytes[at + 1] === lf ? this.endSize(at + 2) : at
  }

  private endSize(at: number): number {
    this.line = 0
    this.trailed = 0
    this.phase = this.left === 0 ? "trailers" : "body"
    return at
  }

  // Whatever else there is in the line of a chunk's size, up to its end.
  private readExtension(bytes: Buffer, at: number): number {
    for (let to = at; to < bytes.length; to++) {
      if (this.endsLine(bytes[to])) return this.endSize(to + 1)
      if (this.wrong !== undefined) return Infinity
      if (++this.line > most.line) return this.fail("the line of a chunk's size is too large")
    }
    return bytes.length
  }

  // Whether a line ends with this byte. A CR within a line would end it for others, and what follows be their next one.
  private endsLine(code: number | undefined): boolean {
    if (this.returned && code !== lf) this.fail("a line has a CR within")
    this.returned = code === cr
    return code === lf
  }

  // Between a chunk and the next one's size.
  private readGap(bytes: Buffer, at: number): number {
    const code = bytes[at]
    if (code === lf) this.phase = "size"
    else if (code !== cr || this.line > 0) return this.fail("a chunk is not of its size")
    this.line = code === lf ? 0 : 1
    return at + 1
  }

  // Nobody asks what they say.
  private readTrailers(bytes: Buffer, at: number): number {
    for (let to = at; to < bytes.length; to++) {
      if (++this.trailed > maxHead) return this.fail("its trailers are too large")
      const isEnd = this.endsLine(bytes[to])
      if (this.wrong !== undefined) return Infinity
      if (!isEnd && !this.returned) this.line++
      else if (isEnd && this.line > 0) this.line = 0
      else if (isEnd) {
        this.end(to + 1 === bytes.length)
        return to + 1
      }
    }
    return bytes.length
  }

  private end(isClean: boolean): void {
    this.phase = "over"
    this.listener.onEnd(isClean)
  }

  private fail(reason: string): number {
    this.wrong = new ResponseHead.NotHttp({ reason })
    return Infinity
  }
}

const lf = 0x0a
const cr = 0x0d

const nothing = Buffer.alloc(0)

/** The longest end of a head but for its last byte. */
const emptyLine = "\n\r".length

// Where the head ends, its empty line included, if not before `from`; -1 while that has not come.
const endOfHead = (bytes: Buffer, from: number): number => {
  const crlf = bytes.indexOf("\n\r\n", from, "latin1")
  const bare = (crlf === -1 ? bytes : bytes.subarray(0, crlf)).indexOf("\n\n", from, "latin1")
  if (bare !== -1) return bare + 2
  return crlf === -1 ? -1 : crlf + 3
}

const digitOf = (code: number): number => {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

// White space, an extension, or the end of the line.
const endsSize = (code: number): boolean =>
  code === cr || code === lf || code === 0x3b || code === 0x20 || code === 0x09
