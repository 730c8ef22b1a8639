/** Inputs of one kind, by size, and what is done with them. */
export interface Family<A> {
  readonly of: (size: number) => A
  readonly run: (input: A) => unknown
  /** The largest size that is tried; 2 ** 18 unless given. */
  readonly most?: number
  /** The smallest, where what is smaller is bounded by a limit of its own. */
  readonly least?: number
}

/** Shorter times of the processor tell nothing, in ms. */
const floor = 8

const attempts = 10

/** What the largest size takes less than, in ms, is not looked at any closer: the square of it would take longer. */
const quick = 20

/** What takes longer is tried at no larger size, in ms: it may take the square of it. */
const longest = 250

/**
 * How many times as long 4 × the size takes, at sizes that take long enough to be measured: about 4 where the time is in
 * proportion to the size, and 16 where it is quadratic. The least of several attempts, since others use the machine;
 * 0 where even the largest size takes no time worth speaking of.
 */
export const growth = <A>({ least: from = 256, most = 2 ** 18, of, run }: Family<A>): number => {
  if (most >= 2 ** 18 && best(of(most / 16), run, 1) < 2 && best(of(most), run, 1) < quick) return 0
  let size = from
  // Once is not enough: it may have been held up.
  const isQuick = () => best(of(4 * size), run, 3) < floor
  while (isQuick()) {
    if (4 * size >= most) return 0
    size *= 2
  }
  let least = Infinity
  for (let attempt = 0; attempt < attempts && least > linear; attempt++) {
    // Nothing that others do to the machine looks like the square so many times in a row.
    if (attempt === 3 && least > 2 * linear) break
    const grown = step({ of, run, most }, size)
    least = Math.min(least, grown)
    // Where the processor's caches or the collector of garbage make a step, another size may have none.
    const mayGrow = grown < 2 * linear && 16 * size <= most
    if (mayGrow && best(of(4 * size), run, 1) < longest) size *= 2
  }
  return least
}

const step = <A>(
  { most, of, run }: Pick<Family<A>, "of" | "run"> & { readonly most: number },
  size: number
): number => {
  const [small, medium, large] = [of(size), of(4 * size), 16 * size > most ? undefined : of(16 * size)]
  const longer = best(medium, run, 3)
  const shorter = best(small, run, 5)
  // Over two steps it matters less in what moment the small one was tried.
  const once = longer / shorter
  return large === undefined || once > 2 * linear ? once : Math.sqrt(best(large, run, 2) / shorter)
}

/** What 4 × the size may take, in times of the size. */
export const linear = 6

// Of the processor's time, for others use the machine too.
const best = <A>(input: A, run: (input: A) => unknown, runs: number): number => {
  let least = Infinity
  for (let n = 0; n < runs; n++) {
    const start = process.cpuUsage()
    run(input)
    const { system, user } = process.cpuUsage(start)
    least = Math.min(least, (user + system) / 1_000)
  }
  return least
}
