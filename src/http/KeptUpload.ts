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
 * the exchange, and with the process however that ends. Where no file can be made it waits for room in memory.
 */
export class KeptUpload {
  private readonly gathered = new Gathered()
  private read = 0
  private held = RequestBody.small
  private place: "memory" | "file" | "memory alone"
  private file: fs.promises.FileHandle | undefined = undefined

  /** With the size that it is said to have, or 0. */
  constructor(
    private readonly exchange: Pick<Exchange, "atEnd" | "bytes">,
    announced: number
  ) {
    this.place = announced > mostInMemory ? "file" : "memory"
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
    if (this.place === "memory" && size > this.held && (size > mostInMemory || !this.takeRoom())) this.place = "file"
    if (this.place === "file") return size >= step ? Effect.suspend(() => this.spill()) : undefined
    return size > this.held && !this.takeRoom() ? this.waitForRoom() : undefined
  }

  /** All of them, when no more come. */
  close(): Effect.Effect<KeptBytes, Overloaded> {
    const spilled = this.place === "file" ? Effect.suspend(() => this.spill()) : Effect.void
    return Effect.map(spilled, () => {
      const { file, read } = this
      return file === undefined
        ? inMemory(this.gathered.take())
        : { size: read, read: (from, to) => readFile(file, from, to) }
    })
  }

  private missing(): number {
    return Math.max(step, this.gathered.size() - this.held)
  }

  private takeRoom(): boolean {
    const more = this.missing()
    const isTaken = this.exchange.bytes.take(more)
    if (isTaken) this.held += more
    return isTaken
  }

  private waitForRoom(): Effect.Effect<void, Overloaded> {
    const more = this.missing()
    return Effect.map(this.exchange.bytes.hold(more), () => void (this.held += more))
  }

  private spill(): Effect.Effect<void, Overloaded> {
    if (this.file !== undefined) return this.write(this.file)
    return Effect.matchEffect(this.open(), {
      onFailure: (cause) => {
        this.place = "memory alone"
        return Effect.zipRight(
          Effect.logWarning("There is no temporary file for an upload: it stays in memory", cause),
          this.waitForRoom()
        )
      },
      onSuccess: (file) => this.write(file)
    })
  }

  private open(): Effect.Effect<fs.promises.FileHandle, unknown> {
    const open = Effect.map(Effect.tryPromise({ try: nameless, catch: (cause) => cause }), (file) => {
      this.file = file
      this.exchange.atEnd(() => Effect.promise(() => file.close().catch(() => {})))
      return file
    })
    return Effect.uninterruptible(open)
  }

  private write(file: fs.promises.FileHandle): Effect.Effect<void, Overloaded> {
    const bytes = this.gathered.take()
    return Effect.tryPromise({ try: () => file.writeFile(bytes), catch: (cause) => cause }).pipe(
      Effect.tapError((cause) => Effect.logError("An upload cannot be written to its temporary file", cause)),
      Effect.mapBoth({
        onFailure: () => WaitingLine.overloaded(),
        onSuccess: () => {
          // From the first time on none of it is in memory.
          const more = this.held - RequestBody.small
          this.held = RequestBody.small
          if (more > 0) this.exchange.bytes.giveBack(more)
        }
      })
    )
  }
}

const nameless = async (): Promise<fs.promises.FileHandle> => {
  const path = join(tmpdir(), `causeway-upload-${randomUUID()}`)
  const file = await fs.promises.open(path, "wx+", 0o600)
  await fs.promises.unlink(path)
  return file
}

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
