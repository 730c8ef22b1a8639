import { randomUUID } from "node:crypto"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as WaitingLine from "../admission/WaitingLine.js"
import type { Overloaded } from "../domain/failure/Failure.js"
import type { KeptBytes } from "../domain/form/Form.js"
import type { Exchange } from "../exchange/Exchange.js"
import { Gathered } from "../flow/Gathered.js"
import * as RequestBody from "./RequestBody.js"

/** An upload may be in memory up to this size, in bytes: it is there for as long as its answer takes, which may be minutes. */
export const mostInMemory = 16 * 1024 ** 2

/** So much room is asked for at a time, in bytes, and so much is written to a file, or read of it, at a time. */
const step = 256 * 1024

/**
 * The bytes of an upload, kept to the end of its exchange: in memory up to a size and as far as there is room
 * (`server.max_bytes_in_flight`), else in a file. That has no name any more as soon as it is open, so that it is gone with
 * the exchange, and with the process however that ends.
 */
export class KeptUpload {
  private readonly gathered = new Gathered()
  private read = 0
  private held = RequestBody.small
  private file: fs.promises.FileHandle | undefined = undefined
  private isFull: boolean

  /** With the size that it is said to have, or 0. */
  constructor(
    private readonly exchange: Pick<Exchange, "atEnd" | "bytes">,
    announced: number
  ) {
    this.isFull = announced > mostInMemory
  }

  /** How many bytes there are. */
  size(): number {
    return this.read
  }

  /** Takes the next bytes; the effect, if there is one, is to be run before any others come. */
  push(bytes: Uint8Array): Effect.Effect<void, Overloaded> | undefined {
    this.read += bytes.length
    this.gathered.push(bytes)
    const size = this.gathered.size()
    if (!this.isFull && size > this.held) this.makeRoom(size)
    return this.isFull && size >= step ? this.flush() : undefined
  }

  /** All of them, when no more come. */
  close(): Effect.Effect<KeptBytes, Overloaded> {
    if (!this.isFull) return Effect.succeed(inMemory(this.gathered.take()))
    return Effect.map(this.flush(), (file) => ({ size: this.read, read: (from, to) => readFile(file, from, to) }))
  }

  private makeRoom(size: number): void {
    const more = Math.max(step, size - this.held)
    if (size <= mostInMemory && this.exchange.bytes.take(more)) {
      this.held += more
      return
    }
    this.isFull = true
  }

  private flush(): Effect.Effect<fs.promises.FileHandle, Overloaded> {
    return Effect.suspend(() => {
      const bytes = this.gathered.take()
      return Effect.tap(this.opened(), (file) => failing(() => this.write(file, bytes)))
    })
  }

  private async write(file: fs.promises.FileHandle, bytes: Buffer): Promise<void> {
    await file.writeFile(bytes)
    // From the first time on none of it is in memory.
    const { held } = this
    this.held = RequestBody.small
    if (held > this.held) this.exchange.bytes.giveBack(held - this.held)
  }

  private opened(): Effect.Effect<fs.promises.FileHandle, Overloaded> {
    if (this.file !== undefined) return Effect.succeed(this.file)
    const open = Effect.map(failing(nameless), (file) => {
      this.file = file
      this.exchange.atEnd(() => Effect.promise(() => file.close().catch(() => {})))
      return file
    })
    return Effect.uninterruptible(open)
  }
}

const nameless = async (): Promise<fs.promises.FileHandle> => {
  const path = join(tmpdir(), `causeway-upload-${randomUUID()}`)
  const file = await fs.promises.open(path, "wx+", 0o600)
  await fs.promises.unlink(path)
  return file
}

const failing = <A>(f: () => Promise<A>): Effect.Effect<A, Overloaded> =>
  Effect.tryPromise({ try: f, catch: (cause) => cause }).pipe(
    Effect.tapError((cause) => Effect.logError("An upload cannot be written to a temporary file", cause)),
    Effect.mapError(() => WaitingLine.overloaded())
  )

const inMemory = (bytes: Buffer): KeptBytes => ({
  size: bytes.length,
  read: function* (from, to) {
    for (let at = from; at < to; at += step) yield bytes.subarray(at, Math.min(to, at + step))
  }
})

async function* readFile(file: fs.promises.FileHandle, from: number, to: number): AsyncIterable<Uint8Array> {
  for (let at = from; at < to;) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafeSlow(Math.min(step, to - at)), 0, undefined, at)
    if (bytesRead === 0) throw new Error("the file of an upload has become shorter")
    yield buffer.subarray(0, bytesRead)
    at += bytesRead
  }
}
