import { randomFillSync } from "node:crypto"

const randomBytes = 10
const drawnAtOnce = 256

const drawn = Buffer.alloc(randomBytes * drawnAtOnce)
let used = drawn.length
let now = 0
let beginning = ""

/**
 * A new id, which the caller sees as `x-request-id` and the record carries. It begins with the time in ms, so that rows
 * which are written together stand together in the index of the ids; the other 80 bits are random.
 */
export const make = (): string => {
  if (used === drawn.length) {
    randomFillSync(drawn)
    used = 0
  }
  const time = Date.now()
  if (time !== now) {
    now = time
    beginning = `req_${time.toString(16).padStart(12, "0")}`
  }
  used += randomBytes
  return beginning + drawn.toString("hex", used - randomBytes, used)
}
