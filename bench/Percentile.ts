/** The value that `share` (0 to 1) of the samples do not exceed, by the nearest-rank method; undefined without samples. */
export const of = (samples: Iterable<number>, share: number): number | undefined => {
  const sorted = Float64Array.from(samples).sort()
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
}

/** The middle of some values, the mean of the two middle ones for an even number; undefined without any. */
export const median = (values: ReadonlyArray<number>): number | undefined => {
  const sorted = [...values].sort((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)]
  const lower = sorted[Math.ceil(sorted.length / 2) - 1]
  return upper === undefined || lower === undefined ? undefined : (upper + lower) / 2
}
