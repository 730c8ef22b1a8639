/** A function that works its result out once for each object, and forgets it with the object. */
export const oncePer = <K extends object, A>(work: (key: K) => A): ((key: K) => A) => {
  const known = new WeakMap<K, A>()
  return (key) => {
    const before = known.get(key)
    if (before !== undefined) return before
    const result = work(key)
    known.set(key, result)
    return result
  }
}
