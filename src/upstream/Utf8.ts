/** Turns the bytes of one stream into text, however they are cut. */
export interface Utf8 {
  /** The text of the bytes that come next; the beginning of a character waits for the rest of it. */
  readonly decode: (bytes: Uint8Array) => string
  /** What of a character has come when nothing more does. */
  readonly end: () => string
}

/** A decoder for one stream, which drops a byte order mark. */
export const make = (): Utf8 => {
  const decoder = new TextDecoder()
  // At first there may be a mark, and later the beginning of a character.
  let isDecoders = true
  return {
    decode: (bytes) => {
      const endsInAscii = (bytes[bytes.length - 1] ?? 0xff) < 0x80
      const text = isDecoders || !endsInAscii ? decoder.decode(bytes, { stream: true }) : textOf(bytes)
      isDecoders = !endsInAscii
      return text
    },
    end: () => decoder.decode()
  }
}

// Several times as fast as a decoder.
const textOf = (bytes: Uint8Array): string =>
  (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).toString()
