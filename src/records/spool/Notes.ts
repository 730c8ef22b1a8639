import * as fs from "node:fs"
import * as Predicate from "effect/Predicate"
import type { LoggedRecord } from "../../domain/record/RequestRecord.js"

/**
 * What is known of exchanges that run, in a file beside the spool: a line for each of them, and one for those that have
 * got their rows. It outlives the process, though not the machine, so nobody waits for the disk; and what cannot be
 * written costs a killed process its notes, and nothing else.
 */
export interface Notes {
  /** Takes note of these in place of what was known of them; false where a file has to be begun for that. */
  readonly take: (records: ReadonlyArray<LoggedRecord>) => boolean
  /** Begins a file with all that is known. */
  readonly begin: (path: string) => void
  /** These have their rows. */
  readonly ended: (records: ReadonlyArray<LoggedRecord>) => void
  /** Leaves behind when the process was alive. */
  readonly touch: () => void
  /** Takes the file away where nothing stands in it; whether there is none. */
  readonly tidy: () => boolean
  /** Writes nothing any more. */
  readonly close: () => void
}

/** A file that is larger than this, and so many times as large as what counts in it, is followed by another, in bytes. */
const most = { size: 1024 ** 2, times: 4 }

/** Nothing is known. */
export const make = (): Notes => new NotesFile()

class NotesFile implements Notes {
  /** By id: what runs. */
  private readonly lines = new Map<string, string>()
  /** How long these are together, in characters. */
  private length = 0
  private file: File | undefined = undefined

  take(records: ReadonlyArray<LoggedRecord>): boolean {
    let text = ""
    for (const record of records) {
      const line = `${JSON.stringify(record)}\n`
      this.forget(record.id)
      this.lines.set(record.id, line)
      this.length += line.length
      text += line
    }
    return this.lines.size === 0 || this.put(text)
  }

  begin(path: string): void {
    const former = this.file
    this.file = undefined
    let descriptor: number | undefined
    try {
      descriptor = fs.openSync(path, "ax", 0o600)
      this.file = { path, descriptor, size: 0 }
      if (this.put([...this.lines.values()].join(""))) return former && discard(former)
    } catch {
      // Tried again with the next note.
    }
    this.file = former
    if (descriptor !== undefined) discard({ path, descriptor, size: 0 })
  }

  ended(records: ReadonlyArray<LoggedRecord>): void {
    if (this.lines.size === 0) return
    const ended = records.flatMap(({ id }) => (this.forget(id) ? [id] : []))
    if (ended.length === 0) return
    if (this.lines.size > 0) return void this.put(`${JSON.stringify({ ended })}\n`)
    if (this.file !== undefined && !cut(this.file, 0)) this.put(`${JSON.stringify({ ended })}\n`)
  }

  touch(): void {
    if (this.file === undefined || this.lines.size === 0) return
    const now = Date.now() / 1000
    try {
      fs.futimesSync(this.file.descriptor, now, now)
    } catch {
      // It was alive at the last one.
    }
  }

  tidy(): boolean {
    if (this.lines.size > 0) return this.file === undefined
    if (this.file !== undefined) discard(this.file)
    this.file = undefined
    return true
  }

  close(): void {
    if (this.file !== undefined) ignored(fs.closeSync, this.file.descriptor)
    this.file = undefined
  }

  private forget(id: string): boolean {
    this.length -= this.lines.get(id)?.length ?? 0
    return this.lines.delete(id)
  }

  private put(text: string): boolean {
    const { file } = this
    if (file === undefined || (file.size > most.size && file.size > most.times * this.length)) return false
    const bytes = Buffer.from(text)
    try {
      for (let written = 0; written < bytes.length;) written += fs.writeSync(file.descriptor, bytes, written)
      file.size += bytes.length
      return true
    } catch {
      // Half a line must not stand before the next one.
      cut(file, file.size)
      return false
    }
  }
}

interface File {
  readonly path: string
  readonly descriptor: number
  size: number
}

const cut = (file: File, size: number): boolean => {
  try {
    fs.ftruncateSync(file.descriptor, size)
    file.size = size
    return true
  } catch {
    return false
  }
}

const discard = ({ descriptor, path }: File): void => {
  ignored(fs.unlinkSync, path)
  ignored(fs.closeSync, descriptor)
}

const ignored = <A>(act: (value: A) => void, value: A): void => {
  try {
    act(value)
  } catch {
    // It is of no use any more.
  }
}

/**
 * The lines of the rows of those that had no others when their process ended, by the texts of its files, oldest first;
 * `diedAt` is when it was last alive, in ms since the epoch.
 */
export const left = (texts: ReadonlyArray<string>, diedAt: number): string => {
  const running = new Map<string, object>()
  for (const line of texts.join("").split("\n")) {
    const value = parsed(line)
    if (!Predicate.isRecord(value)) continue
    const { ended, id } = value
    if (Array.isArray(ended)) for (const each of ended) running.delete(String(each))
    else running.set(String(id), { ...value, LatencyMs: ranFor(value, diedAt) })
  }
  return [...running.values()].map((value) => `${JSON.stringify(value)}\n`).join("")
}

const ranFor = ({ LatencyMs, Time }: Readonly<Record<string, unknown>>, diedAt: number): number =>
  Math.max(Number(LatencyMs) || 0, diedAt - Date.parse(String(Time)) || 0)

const parsed = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch {
    // The last one may be torn.
    return undefined
  }
}
