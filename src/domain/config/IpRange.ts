/** A range of addresses: those that agree with `address` in the first `bits` bits. */
export interface IpRange {
  readonly version: 4 | 6
  readonly address: bigint
  readonly bits: number
}

/** Reads an address, or a range in CIDR notation, IPv4 or IPv6; undefined for anything else. */
export const parse = (text: string): IpRange | undefined => {
  const [host = "", prefix, ...more] = text.trim().split("/")
  const found = more.length > 0 ? undefined : parseAddress(host)
  if (found === undefined) return undefined
  if (prefix === undefined) return found
  const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Infinity
  return bits <= found.bits ? { ...found, bits } : undefined
}

/** A range as it is written; an IPv6 address without abbreviation. */
export const format = ({ address, bits, version }: IpRange): string => {
  const size = version === 4 ? 8 : 16
  const groups = Array.from({ length: width(version) / size }, (_, n) => {
    const group = (address >> BigInt(width(version) - size * (n + 1))) & ((1n << BigInt(size)) - 1n)
    return group.toString(version === 4 ? 10 : 16)
  })
  return `${groups.join(version === 4 ? "." : ":")}${bits === width(version) ? "" : `/${bits}`}`
}

/** Whether a single address lies in the range; an IPv4 address mapped into IPv6 counts as IPv4. */
export const contains = (range: IpRange, address: IpRange): boolean => {
  if (range.version !== address.version) return false
  const rest = BigInt(width(range.version) - range.bits)
  return range.address >> rest === address.address >> rest
}

/** Reads a single address. */
export const parseAddress = (text: string): IpRange | undefined => {
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text) ?? []
  const v4 = parseV4(mapped ?? text)
  if (v4 !== undefined) return { version: 4, address: v4, bits: 32 }
  const v6 = parseV6(text)
  return v6 === undefined ? undefined : { version: 6, address: v6, bits: 128 }
}

const width = (version: 4 | 6): number => (version === 4 ? 32 : 128)

const parseV4 = (text: string): bigint | undefined => {
  const parts = text.split(".")
  const valid = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)
  return valid ? parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n) : undefined
}

const parseV6 = (text: string): bigint | undefined => {
  const halves = (text.split("%")[0] ?? "").split("::")
  if (halves.length > 2) return undefined
  const lists = halves.map((half) => (half === "" ? [] : half.split(":")))
  const groups = lists.map((list) => list.map((group) => (/^[\da-f]{1,4}$/i.test(group) ? BigInt(`0x${group}`) : -1n)))
  const [head = [], tail = []] = groups
  const missing = 8 - head.length - tail.length
  if (groups.flat().includes(-1n) || (halves.length === 2 ? missing < 1 : missing !== 0)) {
    return undefined
  }
  const filled = [...head, ...Array.from({ length: missing }, () => 0n), ...tail]
  return filled.reduce((sum, group) => (sum << 16n) | group, 0n)
}
