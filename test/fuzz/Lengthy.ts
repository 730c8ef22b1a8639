import type { Chance } from "./Chance.js"
import * as Spoil from "./Spoil.js"

/** A response of any size, in pieces: the same one for the same seed, but for how often its middle is repeated. */
export type Lengthy = (size: number) => ReadonlyArray<Buffer>

const chunked = "HTTP/1.1 200 OK\ntransfer-encoding: chunked\n"

const heads = [
  ...[`${chunked}\n`, `${chunked}\n`, `${chunked}\n0\n`, chunked],
  ...["content-length: 999999999", "connection: close"].map((line) => `HTTP/1.1 200 OK\n${line}\n\n`)
]

const chunks = ["1\na\n", "1;\na\n", "1;a=b\na\n", "01 \na\n", "10;\n0123456789abcdef\n"]

const units = [
  ...chunks,
  ...["a: b\n", " folded\n", "\n", "\r", "\n\r", "a", "0", ";", " ", "\t", "1", "1\n", "\0"],
  ...["HTTP/1.1 100 Continue\n\n", "data: {}\n\n"]
]

/** A piece has at most so many bytes; some are as long as a read is, and some hold all there is. */
const longest = [1, 7, 1_460, 1_460, 65_536, 65_536, Infinity, Infinity] as const

/** A response that is spoilt at random, and how it is cut. */
export const make = (chance: Chance): Lengthy => {
  const informational = chance.happens(0.2) ? pick(units, chance).repeat(chance.below(100)) : ""
  const head = informational + pick(heads, chance)
  const list = chance.happens(0.5) ? chunks : units
  const middle = Array.from({ length: 1 + chance.below(3) }, () => pick(list, chance)).join("")
  const isBare = chance.happens(0.5)
  const [before, unit, after] = [head, middle, pick(units, chance)].map((text) => {
    const bytes = Buffer.from(isBare ? text : text.replaceAll("\n", "\r\n"))
    return chance.happens(0.2) ? Spoil.spoilBytes(bytes, chance) : bytes
  })
  const most = chance.pick(longest)
  return (size) => {
    const repeated = Buffer.alloc(size, unit?.length === 0 ? "a" : (unit ?? "a"))
    return cut(Buffer.concat([before ?? repeated, repeated, after ?? repeated]), most)
  }
}

const pick = (list: ReadonlyArray<string>, chance: Chance): string => list[chance.below(list.length)] ?? ""

const cut = (bytes: Buffer, most: number): ReadonlyArray<Buffer> => {
  const pieces: Array<Buffer> = []
  for (let at = 0; at < bytes.length; at += most) pieces.push(bytes.subarray(at, at + most))
  return pieces
}
