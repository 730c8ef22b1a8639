import type { Journal } from "./Journal.js"
import type { AttemptTrace } from "./RequestRecord.js"

/** The headers that explain an answer; a browser's page may read them too. */
export const names = [
  "x-causeway-request-id",
  "x-causeway-backend",
  "x-causeway-attempts",
  "x-causeway-rescued"
] as const

/**
 * What an exchange has come to when its head is sent: backends, failures by their tags, statuses and times, as the record
 * has them, and never an address, a key or a backend's own words.
 */
export const of = (journal: Journal): Partial<Record<(typeof names)[number], string>> => {
  const { ask, attempts, backend, id, status } = journal
  const told = attempts.map((attempt) => describe(attempt, ask?.model))
  return {
    "x-causeway-request-id": id,
    ...(backend === undefined ? {} : { "x-causeway-backend": headerText(backend) }),
    "x-causeway-attempts": [attempts.length, ...(told.length === 0 ? [] : [told.join(", ")])].join("; "),
    // Of a stream that may still be rescued nothing is said, rather than something that may turn out false.
    ...(status === 200 && attempts.some(({ failure }) => failure !== null) ? { "x-causeway-rescued": "true" } : {})
  }
}

const describe = ({ backend, failure, model, ms, status }: AttemptTrace, requested: string | undefined): string => {
  const where = model === requested ? headerText(backend) : `${headerText(backend)} (${headerText(model)})`
  return [where, failure ?? "ok", ...(status === null ? [] : [status]), `in ${ms} ms`].join(" ")
}

/** A name is shown up to this many characters; clients refuse heads that are too large. */
const longest = 100

// As it is where a header can say it, percent-encoded where not, and where it would be taken for a separator.
const headerText = (name: string): string =>
  name.slice(0, longest).replace(/[^\x20-\x7e]|[%,;()]/gu, (character) => percentEncoded(character))

// Other than encodeURIComponent it takes half a character too.
const percentEncoded = (character: string): string =>
  Array.from(
    new TextEncoder().encode(character),
    (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`
  ).join("")
