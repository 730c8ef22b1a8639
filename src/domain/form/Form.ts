import type * as JsonObject from "../json/JsonObject.js"
import * as Printable from "../text/Printable.js"

/** A form (`multipart/form-data`) that has been read whole: its parts, and where they stand in its bytes. */
export interface Form {
  readonly boundary: string
  readonly parts: ReadonlyArray<Part>
  readonly bytes: KeptBytes
}

/** A field or a file. */
export interface Part {
  /** As written: lists end in `[]`. */
  readonly name: string
  /** The text of a field; undefined for files, and for fields that are too long to be anything else. */
  readonly value: string | undefined
  readonly filename: string | undefined
  readonly type: string | undefined
  /** Where the line before its head begins. */
  readonly from: number
  /** Where its content begins, and where it ends. */
  readonly begin: number
  readonly end: number
}

/** Bytes that are there for as long as their exchange, and can be read as often as need be. */
export interface KeptBytes {
  readonly size: number
  readonly read: (from: number, to: number) => AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

/** A field's name without what says that it is a list. */
export const baseName = ({ name }: Part): string => (name.endsWith("[]") ? name.slice(0, -2) : name)

/** The size of a part's content, in bytes. */
export const sizeOf = ({ begin, end }: Part): number => end - begin

/** The fields of a form as JSON has them, with no more of its files than their names, types and sizes. */
export const toJson = ({ parts }: Form): JsonObject.JsonObject => {
  const fields = new Map<string, unknown>()
  const lists = new Map<string, Array<unknown>>()
  for (const part of parts) {
    const name = baseName(part)
    const value = part.value ?? described(part)
    const list = lists.get(name)
    if (list !== undefined) list.push(value)
    else if (fields.has(name) || part.name !== name) {
      const begun = fields.has(name) ? [fields.get(name), value] : [value]
      lists.set(name, begun)
      fields.set(name, begun)
    } else fields.set(name, value)
  }
  return Object.fromEntries(fields)
}

const described = (part: Part): string => {
  const said = [part.filename, part.type, `${sizeOf(part)} bytes`].filter((each) => each !== undefined && each !== "")
  return Printable.brief(`[${said.join(", ")}]`)
}
