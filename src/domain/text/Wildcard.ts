/** Whether a text is one of these entries; `*` in an entry stands for any text. */
export const matches = (text: string, entries: ReadonlyArray<string>): boolean =>
  entries.some((entry) => {
    const [head = "", ...rest] = entry.split("*")
    const tail = rest.join("*")
    return rest.length === 0
      ? entry === text
      : text.length >= head.length + tail.length && text.startsWith(head) && text.endsWith(tail)
  })
