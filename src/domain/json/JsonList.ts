/** The list with what `change` makes of each; the very same list where it changes none. */
export const map = (
  list: ReadonlyArray<unknown>,
  change: (each: unknown, index: number) => unknown
): ReadonlyArray<unknown> => {
  let changed: Array<unknown> | undefined
  for (let at = 0; at < list.length; at++) {
    const each = list[at]
    const other = change(each, at)
    if (changed === undefined && other === each) continue
    changed ??= list.slice()
    changed[at] = other
  }
  return changed ?? list
}
