/** What fits: texts between which any text may stand, the first at the very beginning and the last at the very end. */
export type Glob = readonly [head: string, ...rest: ReadonlyArray<string>]

/** A pattern in which each `*` stands for any text, also for none. */
export const parse = (pattern: string): Glob => {
  const [head = "", ...rest] = pattern.split("*")
  return [head, ...rest]
}

/** Whether a text fits. Each part is looked for once, behind the one before it, so that no text takes long. */
export const fits = (glob: Glob, text: string): boolean => {
  const last = glob.length - 1
  const [head] = glob
  const tail = glob[last] ?? ""
  if (last === 0) return text === head
  if (!text.startsWith(head) || !text.endsWith(tail)) return false
  const end = text.length - tail.length
  let at = head.length
  for (let n = 1; n < last; n++) {
    const part = glob[n] ?? ""
    const found = text.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return at <= end
}

/**
 * Whether whatever fits one pattern fits another, as far as that can be told from what they say: a `*` is only ever covered
 * by a `*`.
 */
export const covers = (wide: Glob, narrow: Glob): boolean => fits(wide, narrow.join("*"))
