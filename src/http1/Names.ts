import * as dns from "node:dns"
import * as net from "node:net"
import * as Data from "effect/Data"

/** An address of a host. */
export interface Address {
  readonly address: string
  readonly family: number
}

/** Asks the system for the addresses of a name, those to prefer first. */
export type Lookup = (host: string, told: (error: Error | null, addresses: ReadonlyArray<Address>) => void) => void

/** The addresses that names lead to. */
export interface Names {
  /** Tells at once where it is known, else when the name service has answered, or will not. Whoever waits may leave. */
  readonly find: (host: string, told: Told) => Leave
}

/** Hears of the addresses of a name, or why there are none. */
export type Told = (result: ReadonlyArray<Address> | Error) => void

/** Waits no longer. */
export type Leave = () => void

/** The name service has no address for a name. */
export class NoAddress extends Data.TaggedError("NoAddress")<{ readonly host: string }> {
  override get message() {
    return `the name ${this.host} has no address`
  }
}

/** How names are looked up. */
export interface Options {
  readonly lookup?: Lookup
  /** So many lookups at once. */
  readonly most?: number
}

/** So long what was found is taken as it is, in ms; whoever connects later asks again. */
const fresh = 1_000
/** So long a name service may take, in ms, before the addresses that were good last are used in the meantime. */
const patience = 250
/** So long addresses that cannot be asked for again are good, in ms. */
const lastGood = 3_600_000
/** So long after a failure a name is not asked for again, in ms. */
const pause = 500
/**
 * So many lookups at once: each takes one of the threads that Node gives to them (`UV_THREADPOOL_SIZE`), of which libuv lets
 * lookups have half. `main` has 16 made.
 */
const mostAtOnce = 8
/** So many names are remembered; more are as good as none, for a configuration names a few. */
const mostNames = 1_000

/** Names of which none is known yet. */
export const make = ({ lookup = ask, most = mostAtOnce }: Options = {}): Names => new Book(lookup, most)

// The system's own way, so that hosts files, search domains and whatever else it is told to heed are heeded.
const ask: Lookup = (host, told) =>
  dns.lookup(host, { all: true, order: "verbatim" }, (error, addresses) => told(error, addresses))

class Book implements Names {
  private readonly entries = new Map<string, Entry>()
  private readonly waiting: Array<Entry> = []
  private underWay = 0

  constructor(
    private readonly lookup: Lookup,
    private readonly most: number
  ) {}

  find(host: string, told: Told): Leave {
    const family = net.isIP(host)
    if (family !== 0) return answer(told, [{ address: host, family }])
    const entry = this.entryOf(host)
    const now = performance.now()
    const isKnown = entry.good !== undefined && now - entry.goodAt < lastGood
    const known = isKnown ? entry.good : undefined
    if (known !== undefined && now - entry.goodAt < fresh) return answer(told, known)
    if (!entry.isAsked && entry.failure !== undefined && now - entry.failedAt < pause) {
      return answer(told, known ?? entry.failure)
    }
    if (!entry.isAsked) this.askFor(entry)
    return known === undefined ? entry.wait(told) : entry.waitAtMost(patience - (now - entry.askedAt), known, told)
  }

  private entryOf(host: string): Entry {
    const known = this.entries.get(host)
    if (known !== undefined) return known
    const entry = new Entry(host)
    this.entries.set(host, entry)
    for (const [name, { isAsked }] of this.entries) {
      if (this.entries.size <= mostNames) break
      if (!isAsked) this.entries.delete(name)
    }
    return entry
  }

  private askFor(entry: Entry): void {
    entry.isAsked = true
    entry.askedAt = performance.now()
    this.waiting.push(entry)
    this.askNext()
  }

  private askNext(): void {
    if (this.underWay >= this.most) return
    const entry = this.waiting.shift()
    if (entry === undefined) return
    this.underWay++
    this.lookup(entry.host, (error, addresses) => {
      this.underWay--
      entry.hear(error ?? (addresses.length === 0 ? new NoAddress({ host: entry.host }) : addresses))
      this.askNext()
    })
  }
}

/** What is known of one name. */
class Entry {
  isAsked = false
  /** When it was asked for, and what came of it, by `performance.now()`. */
  askedAt = -Infinity
  good: ReadonlyArray<Address> | undefined = undefined
  goodAt = -Infinity
  failure: Error | undefined = undefined
  failedAt = -Infinity
  private readonly told = new Set<Told>()

  constructor(readonly host: string) {}

  hear(result: ReadonlyArray<Address> | Error): void {
    this.isAsked = false
    if (result instanceof Error) {
      this.failure = result
      this.failedAt = performance.now()
      // Whoever says that there is no such name has been reached: what it led to may be another's by now.
      if (isGone(result) || this.failedAt - this.goodAt >= lastGood) this.good = undefined
    } else {
      this.failure = undefined
      this.good = result
      this.goodAt = performance.now()
    }
    const all = [...this.told]
    this.told.clear()
    for (const told of all) told(this.good ?? result)
  }

  wait(told: Told): Leave {
    this.told.add(told)
    return () => void this.told.delete(told)
  }

  waitAtMost(span: number, known: ReadonlyArray<Address>, told: Told): Leave {
    if (span <= 0) return answer(told, known)
    const late = setTimeout(() => {
      leave()
      told(known)
    }, span)
    const leave = this.wait((result) => {
      clearTimeout(late)
      told(result)
    })
    return () => {
      clearTimeout(late)
      leave()
    }
  }
}

const isGone = (error: Error): boolean =>
  error instanceof NoAddress || ("code" in error && (error.code === "ENOTFOUND" || error.code === "ENODATA"))

/** Tells what is known already. */
export const answer = (told: Told, result: ReadonlyArray<Address> | Error): Leave => {
  told(result)
  return stay
}

const stay = () => {}

/** The names of this process: whoever connects asks for them here, so that each is looked up once. */
export const shared: Names = make()
