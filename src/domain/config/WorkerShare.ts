import * as Option from "effect/Option"
import type { Backend } from "../backend/Backend.js"
import type * as ConfigIssue from "../schema/ConfigIssue.js"

/** The place of one worker among those that serve together. */
export interface Seat {
  /** From 1. */
  readonly number: number
  readonly of: number
}

/** What workers share of a configuration. */
export interface Limits {
  readonly server: { readonly maxInFlight: number; readonly queue: { readonly size: number } }
  readonly backends: ReadonlyArray<Pick<Backend, "maxInFlight">>
}

/** How many workers `auto` stands for: one for each core, but never more than any limit can be shared by. */
export const automatic = ({ backends, server }: Limits, cores: number): number =>
  Math.min(cores, server.maxInFlight, ...backends.flatMap(({ maxInFlight }) => Option.toArray(maxInFlight)))

/** The limits that so many workers cannot keep together, since each has to let one request through at least. */
export const unshareable = (limits: Limits, workers: number): ReadonlyArray<ConfigIssue.ConfigIssue> => {
  const paths: ReadonlyArray<readonly [ConfigIssue.ConfigIssue["path"], number]> = [
    [["server", "max_in_flight"], limits.server.maxInFlight],
    ...limits.backends.map(
      ({ maxInFlight }, index) =>
        [["openai_clients", index, "max_in_flight"], Option.getOrElse(maxInFlight, () => Infinity)] as const
    )
  ]
  return paths
    .filter(([, limit]) => limit < workers)
    .map(([path, limit]) => ({ path, message: `${limit} cannot be shared by ${workers} workers (server.workers)` }))
}

/** The configuration of one worker: the limits of all workers together are those of the whole. */
export const of = <Config extends Limits>(config: Config, seat: Seat): Config => ({
  ...config,
  server: {
    ...config.server,
    maxInFlight: part(config.server.maxInFlight, seat),
    queue: { ...config.server.queue, size: part(config.server.queue.size, seat) }
  },
  backends: config.backends.map((backend) => ({
    ...backend,
    maxInFlight: Option.map(backend.maxInFlight, (limit) => part(limit, seat))
  }))
})

// What cannot be divided evenly goes to the first seats; a line has room for one everywhere.
const part = (limit: number, { number, of }: Seat): number =>
  Math.max(1, Math.floor(limit / of) + (number <= limit % of ? 1 : 0))
