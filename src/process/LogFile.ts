import * as fs from "node:fs"
import * as nodePath from "node:path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createStream } from "rotating-file-stream"
import type { RotatingFileStream } from "rotating-file-stream"
import * as Reread from "../config/Reread.js"
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

/** How often it is looked whether the file has still its name, in ms. */
const lookInterval = 1_000

const lastWrite = "2 seconds"

/**
 * A file that gets lines, one a day: `causeway.log` is today's, `causeway.log.20261123` another day's. A full or missing
 * disk costs the lines that come meanwhile, not the gateway and not the file: it is tried again, and says how many. One that
 * another program renames or deletes, such as logrotate, is begun again within a second, or at once when an operator asks.
 */
export const make = (options: Options): Effect.Effect<(line: string) => void, never, Scope.Scope> =>
  Effect.tap(
    Effect.acquireRelease(
      Effect.sync(() => new File(options)),
      (file) =>
        Effect.async<void>((resume) => file.close(() => resume(Effect.void))).pipe(
          Effect.interruptible,
          Effect.timeoutOption(lastWrite)
        )
    ),
    (file) => Reread.onAsked(() => file.reopen())
  ).pipe(Effect.map((file) => (line) => file.write(line)))

/** An open file, and how many of its lines are not known to be on the disk. */
interface Open {
  readonly stream: RotatingFileStream
  lines: number
  /** Which one it is on the disk, whatever name it has. */
  inode: number | undefined
}

class File {
  private open: Open | undefined
  private lost = 0
  private failing = false
  private pause = retryAfter.first
  private retryAt = 0
  /** Those that are written to their end, and closed then. */
  private readonly ending = new Set<Open>()
  private readonly looking: NodeJS.Timeout

  constructor(private readonly options: Options) {
    this.open = this.begin()
    this.looking = setInterval(() => this.look(), lookInterval).unref()
  }

  write(line: string): void {
    if (this.open === undefined && performance.now() >= this.retryAt) this.open = this.begin()
    const { open } = this
    if (open === undefined || open.stream.writableLength > limit) return void this.lost++
    if (this.lost > 0) this.tell(open)
    this.put(open, `${line}\n`, 1)
  }

  close(onClosed: () => void): void {
    clearInterval(this.looking)
    if (this.open !== undefined) {
      if (this.lost > 0) this.tell(this.open)
      this.end(this.open)
    }
    if (this.ending.size === 0) return onClosed()
    for (const { stream } of this.ending) stream.once("close", () => this.ending.size === 0 && onClosed())
  }

  /** Begins the file again under its name; what was written before goes to wherever the former one is now. */
  reopen(): void {
    const { open } = this
    if (open === undefined) return
    this.open = this.begin()
    this.end(open)
  }

  private end(open: Open): void {
    this.ending.add(open)
    open.stream.once("close", () => this.ending.delete(open))
    open.stream.end()
  }

  private look(): void {
    const { open } = this
    if (open?.inode === undefined) return
    fs.stat(this.options.path, (error, found) => {
      const isOther = error === null ? found.ino !== open.inode : error.code === "ENOENT"
      // It may have turned over a day meanwhile.
      if (isOther && this.open === open && open.inode !== undefined) this.reopen()
    })
  }

  private begin(): Open | undefined {
    try {
      const open: Open = { stream: rotating(this.options), lines: 0, inode: undefined }
      // A day that is over is given another name by the stream itself.
      open.stream.on("rotation", () => (open.inode = undefined))
      open.stream.on("open", () => (open.inode = inodeOf(this.options.path)))
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

const inodeOf = (path: string): number | undefined => fs.statSync(path, { throwIfNoEntry: false })?.ino

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
