import * as dgram from "node:dgram"
import * as dns from "node:dns"
import { once } from "node:events"
import * as Effect from "effect/Effect"
import type { Lookup } from "../../src/http1/Names.js"

/** A name service over UDP. */
export interface NameServer {
  /** Its addresses of names; a name that is not there is none, and one without a list gets no answer. */
  readonly zone: Map<string, ReadonlyArray<string> | undefined>
  /** Every name that it was asked for. */
  readonly asked: ReadonlyArray<string>
  /** Asks it, and not the system's. */
  readonly lookup: Lookup
}

/** Starts a name service on the loopback, on a free port where none is given. */
export const make = (address = "127.0.0.1", port = 0) =>
  Effect.gen(function* () {
    const zone: NameServer["zone"] = new Map()
    const asked: Array<string> = []
    const socket = yield* Effect.acquireRelease(
      Effect.sync(() => dgram.createSocket("udp4")),
      (socket) => Effect.sync(() => socket.close())
    )
    socket.on("message", (query, from) => {
      const name = nameIn(query)
      asked.push(name)
      if (zone.has(name) && zone.get(name) === undefined) return
      socket.send(answerTo(query, zone.get(name) ?? []), from.port, from.address)
    })
    socket.bind(port, address)
    yield* Effect.promise(() => once(socket, "listening"))
    const resolver = new dns.Resolver({ timeout: 60_000, tries: 1 })
    resolver.setServers([`${address}:${socket.address().port}`])
    yield* Effect.addFinalizer(() => Effect.sync(() => resolver.cancel()))
    const lookup: Lookup = (host, told) =>
      resolver.resolve4(host, (error, found = []) =>
        told(
          error,
          found.map((address) => ({ address, family: 4 }))
        )
      )
    return { zone, asked, lookup } satisfies NameServer
  })

const header = 12

const nameIn = (query: Buffer): string => {
  const labels: Array<string> = []
  for (let at = header; query[at] !== 0;) {
    const size = query[at] ?? 0
    labels.push(query.toString("latin1", at + 1, at + 1 + size))
    at += 1 + size
  }
  return labels.join(".").toLowerCase()
}

// The question as it came, and a record for each address if it is of type A; no such name without any.
const answerTo = (query: Buffer, known: ReadonlyArray<string>): Buffer => {
  const end = query.indexOf(0, header) + 5
  const addresses = query[end - 3] === 1 ? known : []
  const head = Buffer.from(query.subarray(0, header))
  head.writeUInt16BE(known.length > 0 ? 0x8180 : 0x8183, 2)
  head.writeUInt16BE(addresses.length, 6)
  head.fill(0, 8, header)
  const records = addresses.map((address) =>
    Buffer.from([0xc0, header, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split(".").map(Number)])
  )
  return Buffer.concat([head, query.subarray(header, end), ...records])
}
