import { randomUUID } from "node:crypto"

/** A new id, which the caller sees as `x-request-id` and the record carries. */
export const make = (): string => `req_${randomUUID().replaceAll("-", "")}`
