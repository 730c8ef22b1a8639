/** A piece that is smaller than this is copied, for what surrounds it takes about a tenth of this, in bytes. */
const small = 1_024

/** Small pieces are copied into pages that double up to this size, in bytes. */
const largestPage = 64 * 1_024

/**
 * Bytes that are gathered piece by piece. However small the pieces are, they take no more than about twice the memory of
 * their bytes, and a time in proportion to them.
 */
export class Gathered {
  private read = 0
  private pieces: Array<Uint8Array> = []
  /** The last page, and how much of it is filled. */
  private page: Buffer | undefined = undefined
  private filled = 0

  /** How many bytes there are. */
  size(): number {
    return this.read
  }

  /** Takes the next bytes, which must stay as they are. */
  push(bytes: Uint8Array): void {
    this.read += bytes.length
    // Most bodies are one piece. What is a small part of a large memory would keep all of that.
    const isFirst = this.read === bytes.length
    if (isFirst || (bytes.length >= small && 2 * bytes.length >= bytes.buffer.byteLength)) {
      this.close()
      this.pieces.push(bytes)
      return
    }
    for (let at = 0; at < bytes.length;) at += this.copy(at === 0 ? bytes : bytes.subarray(at))
  }

  /** All the bytes in one piece. */
  bytes(): Buffer {
    this.close()
    const [only, ...others] = this.pieces
    const whole = only === undefined || others.length > 0 ? Buffer.concat(this.pieces, this.read) : bufferOf(only)
    this.pieces = [whole]
    return whole
  }

  /** The same, which are not gathered any more. */
  take(): Buffer {
    const bytes = this.bytes()
    this.drop()
    return bytes
  }

  /** Lets go of the bytes. */
  drop(): void {
    this.read = 0
    this.pieces = []
    this.page = undefined
    this.filled = 0
  }

  // Copies what there is room for, and says how much that was.
  private copy(bytes: Uint8Array): number {
    const page = (this.page ??= Buffer.allocUnsafeSlow(
      Math.min(largestPage, Math.max(small, 2 * bytes.length, this.read))
    ))
    const size = Math.min(bytes.length, page.length - this.filled)
    page.set(size === bytes.length ? bytes : bytes.subarray(0, size), this.filled)
    this.filled += size
    if (this.filled === page.length) this.close()
    return size
  }

  // Ends the page; one that is mostly empty serves again.
  private close(): void {
    const { filled, page } = this
    if (page === undefined || filled === 0) return
    const isFull = 2 * filled >= page.length
    this.pieces.push(isFull ? page.subarray(0, filled) : Uint8Array.prototype.slice.call(page, 0, filled))
    if (isFull) this.page = undefined
    this.filled = 0
  }
}

const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
