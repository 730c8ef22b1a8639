import type { Address } from "./Names.js"

/** In which order the addresses of one server are tried. */
export interface AddressOrder {
  /** Each connection begins with another of those that are preferred; what did not work lately comes last. */
  readonly next: (addresses: ReadonlyArray<Address>) => ReadonlyArray<Address>
  /** The address did not work, or not in time. */
  readonly avoid: (address: Address) => void
  readonly trust: (address: Address) => void
}

/** So long an address that did not work comes last, in ms. */
const avoidedFor = 60_000
/** So many are remembered at most. */
const mostAvoided = 1_000

// Until when, by address and port and by `performance.now()`: what one pool has found out is of use to the next one.
const avoided = new Map<string, number>()

/** An order that begins anywhere, so that pools that are made at the same time do not begin alike. */
export const make = (port: number): AddressOrder => {
  let turn = Math.floor(Math.random() * 1_000)

  const keyOf = ({ address }: Address) => `${address} ${port}`
  const isAvoided = (address: Address, now: number) => (avoided.get(keyOf(address)) ?? 0) > now

  return {
    next: (addresses) => {
      const [first] = addresses
      if (first === undefined || addresses.length === 1) return addresses
      turn++
      const now = performance.now()
      const sound = addresses.filter((each) => !isAvoided(each, now))
      const doubtful = addresses.filter((each) => isAvoided(each, now))
      return [...alternating(sound, first.family, turn), ...alternating(doubtful, first.family, turn)]
    },
    avoid: (address) => {
      const now = performance.now()
      avoided.delete(keyOf(address))
      avoided.set(keyOf(address), now + avoidedFor)
      for (const [key, until] of avoided) {
        if (avoided.size <= mostAvoided && until > now) break
        avoided.delete(key)
      }
    },
    trust: (address) => void (avoided.size > 0 && avoided.delete(keyOf(address)))
  }
}

// The system says which family it prefers by the first address. The other one is there for when that cannot be reached,
// and then soon (RFC 8305, 4); otherwise it has no share, for it need not lead to the same server.
const alternating = (addresses: ReadonlyArray<Address>, family: number, turn: number): ReadonlyArray<Address> => {
  const preferred = rotated(
    addresses.filter((each) => each.family === family),
    turn
  )
  const others = rotated(
    addresses.filter((each) => each.family !== family),
    turn
  )
  return Array.from({ length: Math.max(preferred.length, others.length) }, (_, at) => [
    ...preferred.slice(at, at + 1),
    ...others.slice(at, at + 1)
  ]).flat()
}

const rotated = (addresses: ReadonlyArray<Address>, turn: number): ReadonlyArray<Address> => {
  const start = addresses.length === 0 ? 0 : turn % addresses.length
  return [...addresses.slice(start), ...addresses.slice(0, start)]
}
