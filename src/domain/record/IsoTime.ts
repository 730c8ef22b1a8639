/** The time in ISO 8601, UTC, to the millisecond, such as `2026-11-30T06:15:00.000Z`; `ms` since the epoch, "" where it is no time. */
export const of = (ms: number): string => {
  const second = Math.floor(ms / 1_000)
  if (second !== last.second) {
    const time = new Date(second * 1_000)
    if (Number.isNaN(time.getTime())) return ""
    last = { second, text: time.toISOString().slice(0, -4) }
  }
  return `${last.text}${String(Math.floor(ms - second * 1_000)).padStart(3, "0")}Z`
}

// Thousands of requests come in one second, and a `Date` for each would be the dearest part of its row.
let last = { second: Number.NaN, text: "" }
