/** A number as it is written. */
export class WrittenNumber {
  constructor(readonly text: string) {}
}

/** The value of a JSON text, with every number as it is written. */
export const parse = (text: string): unknown => {
  let at = 0

  const value = (): unknown => {
    const [token] = match(/[\s]*([[{"]|[^\s\]},]+)/y)
    if (token === "[") return list()
    if (token === "{") return object()
    if (token === '"') return string()
    if (token === "null") return null
    return token === "true" || token === "false" ? token === "true" : new WrittenNumber(token)
  }

  const list = (): ReadonlyArray<unknown> => {
    const items: Array<unknown> = []
    while (!isOver("]")) items.push(value())
    return items
  }

  const object = (): object => {
    const entries: Array<readonly [string, unknown]> = []
    while (!isOver("}")) {
      match(/\s*(")/y)
      const key = string()
      match(/\s*(:)/y)
      entries.push([key, value()])
    }
    return Object.fromEntries(entries)
  }

  const string = (): string => String(JSON.parse(`"${match(/((?:[^"\\]|\\.)*)"/y)[0]}"`))

  // A comma before the next item is no end.
  const isOver = (close: "]" | "}"): boolean => {
    const [mark] = match(/\s*([\]},]?)/y)
    return mark === close
  }

  const match = (token: RegExp): readonly [string] => {
    token.lastIndex = at
    const [whole, inner] = token.exec(text) ?? []
    if (whole === undefined || inner === undefined) throw new Error(`no JSON at ${at}: ${text.slice(at, at + 20)}`)
    at += whole.length
    return [inner]
  }

  return value()
}

/** A value as one text, its keys in their order, for comparison. */
export const write = (value: unknown): string => {
  if (value instanceof WrittenNumber) return value.text
  if (Array.isArray(value)) return `[${value.map(write).join(",")}]`
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  const fields = Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}:${write(each)}`)
  return `{${fields.join(",\n")}}`
}
