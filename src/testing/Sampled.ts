import * as FastCheck from "effect/FastCheck"

/** Models that sampled requests ask for, and sampled backends serve. */
export const models = ["gpt-4o", "gpt-4o-mini", "claude-sonnet-4", "llama-3.3-70b", "qwen/qwen3-8b", "private"] as const

/** One of these values; the first is the simplest. */
export const oneOf = <const A extends ReadonlyArray<unknown>>(...values: A): FastCheck.Arbitrary<A[number]> =>
  FastCheck.constantFrom(...values)

/** At most so many of these values, each once, in their order. */
export const someOf = <A>(most: number, ...values: ReadonlyArray<A>): FastCheck.Arbitrary<ReadonlyArray<A>> =>
  FastCheck.subarray([...values], { maxLength: Math.min(most, values.length) })

/** An object of these fields, any of which may be missing. */
export const partial = <A>(fields: { readonly [K in keyof A]: FastCheck.Arbitrary<A[K]> }): FastCheck.Arbitrary<
  Partial<A>
> => FastCheck.record<A, { requiredKeys: [] }>(fields, { requiredKeys: [] })
