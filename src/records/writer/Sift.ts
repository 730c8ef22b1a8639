import * as Effect from "effect/Effect"
import * as Either from "effect/Either"

/** Whose fault it is that rows are not taken: one row's, nobody's for now, or whichever others are taken without it. */
export type Blame = "row" | "passing" | "unknown"

/** A row that is not taken, and why. */
export interface Refused<Row, E> {
  readonly row: Row
  readonly failure: E
}

/** What is left of rows that were offered in ever smaller parts. */
export interface Sifted<Row, E> {
  /** Those that are refused by themselves. */
  readonly refused: ReadonlyArray<Refused<Row, E>>
  /** Those of which nothing is known, in their order: nothing was taken after them. */
  readonly left: ReadonlyArray<Row>
  /** Why those are left, if any are. */
  readonly failure: E | undefined
}

/**
 * Offers rows, and where they are not taken each half of them, down to the single row: that one row is refused holds up
 * none of the others. `offer` says how many of the leading ones it took.
 */
export const sift = <Row, E>(
  rows: ReadonlyArray<Row>,
  offer: (rows: ReadonlyArray<Row>) => Effect.Effect<number, E>,
  blame: (failure: E) => Blame
): Effect.Effect<Sifted<Row, E>> =>
  Effect.gen(function* () {
    const parts = [rows]
    const refused: Array<Refused<Row, E>> = []
    /** Refused while it is not known whether anything is taken at all. */
    let suspects: Array<Refused<Row, E>> = []
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      if (part.length === 0) continue
      const taken = yield* Effect.either(offer(part))
      if (Either.isRight(taken)) {
        refused.push(...suspects)
        suspects = []
        parts.push(part.slice(taken.right))
        continue
      }
      const failure = taken.left
      const fault = blame(failure)
      if (fault === "passing") {
        const left = [...suspects.map(({ row }) => row), ...part, ...parts.reverse().flat()]
        return { refused, left, failure }
      }
      const [row] = part
      if (part.length > 1) {
        const half = part.length >> 1
        parts.push(part.slice(half), part.slice(0, half))
      } else if (row !== undefined) (fault === "row" ? refused : suspects).push({ row, failure })
    }
    return { refused, left: suspects.map(({ row }) => row), failure: suspects[0]?.failure }
  })
