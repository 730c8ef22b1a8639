import * as nodePath from "node:path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createStream } from "rotating-file-stream"
import type { RotatingFileStream } from "rotating-file-stream"
import { reasonOf } from "../domain/failure/Failure.js"

/** Where lines go, and how long. */
export interface Options {
  readonly path: string
  /** How many days of it are kept. */
  readonly days: number
  /** Told in words when the file cannot be written, and when it can again. Default: to stderr. */
  readonly say?: (words: string) => void
}

/** What may wait for a disk that is slow, in bytes; what comes on top is lost and counted. */
const limit = 8 * 1024 ** 2

/** How soon a file that could not be written is tried again, and how soon at most after it has failed often, in ms. */
const retryAfter = { first: 1_000, most: 30_000 }

const lastWrite = "2 seconds"

/**
 * A file that gets lines, one a day: `causeway.log` is today's, `causeway.log.20261123` another day's. A full or missing
 * disk costs the lines that come meanwhile, not the gateway and not the file: it is tried again, and says how many.
 */
export const make = (options: Options): Effect.Effect<(line: string) => void, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => new File(options)),
      (file) =>
        Effect.async<void>((resume) => file.close(() => resume(Effect.void))).pipe(
          Effect.interruptible,
          Effect.timeoutOption(lastWrite)
        )
    ),
    (file) => (line) => file.write(line)
  )

/** An open file, and how many of its lines are not known to be on the disk. */
interface Open {
  readonly stream: RotatingFileStream
  lines: number
}

class File {
  private open: Open | undefined
  private lost = 0
  private failing = false
  private pause = retryAfter.first
  private retryAt = 0

  constructor(private readonly options: Options) {
    this.open = this.begin()
  }

  write(line: string): void {
    if (this.open === undefined && performance.now() >= this.retryAt) this.open = this.begin()
    const { open } = this
    if (open === undefined || open.stream.writableLength > limit) return void this.lost++
    if (this.lost > 0) this.tell(open)
    this.put(open, `${line}\n`, 1)
  }

  close(onClosed: () => void): void {
    const { open } = this
    if (open === undefined) return onClosed()
    if (this.lost > 0) this.tell(open)
    open.stream.once("close", onClosed)
    open.stream.end()
  }

  private begin(): Open | undefined {
    try {
      const open: Open = { stream: rotating(this.options), lines: 0 }
      open.stream.on("error", (error) => this.fail(open, error))
      open.stream.on("warning", () => {})
      return open
    } catch (error) {
      this.fail(undefined, error)
      return undefined
    }
  }

  // Whatever was lost counts as said only when that is on the disk. The line before it may have been cut.
  private tell(open: Open): void {
    const message = `${this.lost} lines were lost: the log file could not be written`
    const line = JSON.stringify({ message, logLevel: "WARN", timestamp: new Date().toISOString() })
    const { lost } = this
    this.lost = 0
    this.put(open, `\n${line}\n`, lost)
  }

  private put(open: Open, text: string, lines: number): void {
    open.lines += lines
    open.stream.write(text, (error) => {
      if (error !== null && error !== undefined) return
      open.lines -= lines
      this.pause = retryAfter.first
      if (!this.failing) return
      this.failing = false
      this.say("The log file is written again")
    })
  }

  private fail(open: Open | undefined, error: unknown): void {
    this.lost += open?.lines ?? 0
    if (this.open === open) this.open = undefined
    this.retryAt = performance.now() + this.pause
    this.pause = Math.min(this.pause * 2, retryAfter.most)
    if (this.failing) return
    this.failing = true
    this.say(`The log file cannot be written: ${reasonOf(error)}`)
  }

  private say(words: string): void {
    const { say = (text) => void process.stderr.write(`${text}\n`) } = this.options
    say(words)
  }
}

const rotating = ({ days, path }: Options): RotatingFileStream => {
  const name = nodePath.basename(path)
  const dated = (time: number | Date, index = 1) =>
    time instanceof Date ? `${name}.${dayOf(time)}${index > 1 ? `.${index}` : ""}` : name
  return createStream(dated, {
    path: nodePath.dirname(path),
    interval: "1d",
    intervalBoundary: true,
    intervalUTC: true,
    initialRotation: true,
    maxFiles: days,
    mode: 0o600
  })
}

const dayOf = (time: Date): string => time.toISOString().slice(0, 10).replaceAll("-", "")
