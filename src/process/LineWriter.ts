import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

// Not sonic-boom: its release 4 never ends the process when the reader is gone at the exit, 5 holds 8 MiB for such a
// reader, and both cost three times as much for a line; docs/decisions/0001-dependencies.md has what was tried.

/** Writes lines without making anyone wait: those that come close together go out in one piece, in order. */
export interface LineWriter {
  readonly write: (line: string) => void
}

/** What may wait for a reader that is slow, in characters; what comes on top is lost and counted. */
const limit = 8 * 1024 * 1024

/** What comes within this time is written in one piece, in ms: a system call for each line would cost more than the line. */
const together = 50

/** How long a pipe that is full is given, in ms. */
const patience = 20

/** A writer to an open file, pipe or terminal; what still waits when its scope or the process ends is written then. */
export const make = (descriptor: number): Effect.Effect<LineWriter, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const lines = new Lines(descriptor)
        process.on("exit", lines.flush)
        return lines
      }),
      (lines) =>
        Effect.async<void>((resume) => lines.close(() => resume(Effect.void))).pipe(
          Effect.interruptible,
          Effect.timeoutOption(lastWrite),
          Effect.ensuring(
            Effect.sync(() => {
              lines.abandon()
              process.off("exit", lines.flush)
            })
          )
        )
    ),
    (lines) => ({ write: (line) => lines.write(line) })
  )

/** How long the end waits for a reader. */
const lastWrite = "1 second"

class Lines {
  private waiting: Array<string> = []
  private size = 0
  private lost = 0
  private busy = false
  private closed = false
  private onIdle = () => {}
  private next: NodeJS.Timeout | undefined
  /** What has been taken from the lines and is not written yet. */
  private rest: Uint8Array = new Uint8Array(0)

  constructor(private readonly descriptor: number) {}

  write(line: string): void {
    if (this.size > limit) return void this.lost++
    this.waiting.push(line)
    this.size += line.length
    if (this.busy) return
    if (this.closed) return this.flush()
    this.busy = true
    this.next = setTimeout(() => this.writeSome(), together)
  }

  close(onClosed: () => void): void {
    this.closed = true
    this.onIdle = onClosed
    if (this.busy) return
    this.flush()
    onClosed()
  }

  /** Gives up on what nobody has read by now. */
  abandon(): void {
    this.waiting = []
    this.rest = new Uint8Array(0)
    clearTimeout(this.next)
    this.busy = false
  }

  // A reader that is gone, or a pipe that is full at the very end, costs the lines.
  readonly flush = (): void => {
    try {
      for (let bytes = this.take(); bytes.length > 0; bytes = this.take()) {
        this.rest = bytes.subarray(fs.writeSync(this.descriptor, bytes))
      }
    } catch {
      this.rest = new Uint8Array(0)
    }
  }

  private writeSome(): void {
    const bytes = this.take()
    if (bytes.length === 0) {
      this.busy = false
      return this.onIdle()
    }
    // In the kernel's hands now: a flush in the meantime must not write them again.
    this.rest = new Uint8Array(0)
    fs.write(this.descriptor, bytes, (cause, written) => {
      if (cause?.code === "EAGAIN") {
        this.rest = bytes
        this.next = setTimeout(() => this.writeSome(), patience)
        return
      }
      this.rest = cause === null ? bytes.subarray(written) : new Uint8Array(0)
      this.writeSome()
    })
  }

  private take(): Uint8Array {
    if (this.rest.length > 0) return this.rest
    if (this.lost > 0) this.waiting.push(`${this.lost} lines were lost: nobody read them in time`)
    const text = this.waiting.map((line) => `${line}\n`).join("")
    this.waiting = []
    this.size = 0
    this.lost = 0
    return Buffer.from(text)
  }
}
