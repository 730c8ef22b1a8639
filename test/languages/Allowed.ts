import type { Case } from "./Case.js"
import type { Client, Language } from "./Clients.js"
import type { Difference, What } from "./Compare.js"

/** A difference that is meant. */
export interface Allowed {
  readonly reason: string
  readonly what: ReadonlyArray<What>
  readonly cases: ReadonlyArray<string>
  /** The status that it must be through the gateway. */
  readonly status?: number
  /** Only for these clients; for all where it is left out. */
  readonly clients?: ReadonlyArray<string>
}

/** Each must be met by a run of several languages, or of all the clients that it names. */
export const allowed: ReadonlyArray<Allowed> = [
  {
    reason: "529 is not known to clients of OpenAI; it becomes 503, with the words of the backend",
    what: ["class"],
    cases: ["refused-529", "passing-529"],
    status: 503
  },
  {
    reason: "what the model cannot take is the request's own fault: 400 instead of 500, and nobody asks for it again",
    what: ["class"],
    cases: ["refused-picture"],
    status: 400
  },
  {
    reason: "a page of a proxy is no answer of the backend: it may tell what is behind it, stays hidden, and is a 502",
    what: ["class", "words"],
    cases: ["refused-page"],
    status: 502
  },
  {
    reason:
      "a stream that begins with an error has the error's status, where litellm alone tells of a stream that broke",
    what: ["class"],
    cases: ["stream-refused-first"],
    status: 503,
    clients: ["litellm"]
  }
]

/** The one that allows a difference, if any does. */
export const find = (client: Client, { name }: Case, { status, what }: Difference): Allowed | undefined =>
  allowed.find(
    (each) =>
      each.what.includes(what) &&
      each.cases.includes(name) &&
      (each.status === undefined || each.status === status) &&
      (each.clients === undefined || each.clients.includes(client.name))
  )

/** Those that a run of these clients should have used, and did not. */
export const unused = (
  used: ReadonlySet<Allowed>,
  asked: ReadonlyArray<Client>,
  all: ReadonlyArray<Language>
): ReadonlyArray<string> =>
  allowed
    .filter((each) => !used.has(each))
    .filter(({ clients }) =>
      clients === undefined ? all.length > 1 : clients.every((name) => asked.some((client) => client.name === name))
    )
    .map(({ reason }) => `nothing differs any more for this reason: ${reason}`)
