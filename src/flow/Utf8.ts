import { TextDecoder } from "node:util"

/** Turns the bytes of one stream into text, however they are cut. */
export interface Utf8 {
  /** The text of the bytes that come next; the beginning of a character waits for the rest of it. */
  decode(bytes: Uint8Array): string
  /** What of a character has come when nothing more does. */
  end(): string
}

/** A decoder for one stream, which drops a byte order mark. */
export const make = (): Utf8 => new StreamUtf8()

class StreamUtf8 implements Utf8 {
  private begun = false
  /** Holds the beginning of a mark or of a character. */
  private open: TextDecoder | undefined = undefined

  decode(bytes: Uint8Array): string {
    const endsInAscii = (bytes[bytes.length - 1] ?? 0xff) < 0x80
    const mayBeMark = !this.begun && (bytes[0] ?? firstOfMark) === firstOfMark
    if (this.open === undefined && endsInAscii && !mayBeMark) {
      this.begun = true
      return textOf(bytes)
    }
    this.open ??= new TextDecoder("utf-8", { ignoreBOM: this.begun })
    this.begun = true
    const text = this.open.decode(bytes, { stream: true })
    if (endsInAscii) this.open = undefined
    return text
  }

  end(): string {
    return this.open?.decode() ?? ""
  }
}

const firstOfMark = 0xef

// Several times as fast as a decoder.
const textOf = (bytes: Uint8Array): string =>
  (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).toString()
