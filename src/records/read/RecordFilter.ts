/** Which records are meant; a value with `*` stands for everything that fits. */
export interface Filter {
  /** The earliest arrival, ISO 8601. */
  readonly since?: string
  /** The arrival from which on records are left out, ISO 8601. */
  readonly until?: string
  readonly model?: string
  readonly backend?: string
  readonly outcome?: string
  /** The fingerprint of a credential. */
  readonly caller?: string
}

const midnight = "T00:00:00.000Z"

/**
 * Parts a filter into whole days, whose sums are known, and what is left at both ends; `days` holds dates, and is
 * missing where there is no whole day.
 */
export const parted = (filter: Filter): { readonly rows: ReadonlyArray<Filter>; readonly days?: Filter } => {
  const { since, until, ...rest } = filter
  const first = since === undefined || since.endsWith(midnight) ? since?.slice(0, 10) : nextDay(since)
  const last = until?.slice(0, 10)
  if (first !== undefined && last !== undefined && first >= last) return { rows: [filter] }
  const head = since === undefined || since.endsWith(midnight) ? [] : [{ ...filter, until: `${first}${midnight}` }]
  const tail = until === undefined || until.endsWith(midnight) ? [] : [{ ...filter, since: `${last}${midnight}` }]
  const days = {
    ...rest,
    ...(first === undefined ? {} : { since: first }),
    ...(last === undefined ? {} : { until: last })
  }
  return { rows: [...head, ...tail], days }
}

const nextDay = (time: string): string => new Date(Date.parse(time.slice(0, 10)) + 864e5).toISOString().slice(0, 10)
