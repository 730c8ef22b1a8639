import * as Boundary from "./Boundary.js"
import type { Form, KeptBytes, Part } from "./Form.js"

/** A body that is sent as bytes, as often as need be. */
export interface Upload {
  /** Its `content-type`. */
  readonly type: string
  /** In bytes. */
  readonly length: number
  readonly open: () => AsyncIterable<Uint8Array>
}

/** What is done with a part of a form: its value is another one, it goes by another name, or it is left out. */
export type Change =
  | { readonly _tag: "Value"; readonly value: string }
  | { readonly _tag: "Name"; readonly name: string }
  | { readonly _tag: "Without" }

/** A form as it came, in its order, with these changes and fields before it. */
export const of = (
  { boundary, bytes, parts }: Form,
  change: (part: Part) => Change | undefined,
  added: Readonly<Record<string, string>>
): Upload => {
  const before = Object.entries(added).map(([name, value]) => `${headOf(boundary, { name })}${value}\r\n`)
  const segments = [
    ...before,
    ...parts.flatMap((part) => segmentsOf(boundary, part, change(part))),
    `--${boundary}--\r\n`
  ]
  return {
    type: `multipart/form-data; boundary=${Boundary.written(boundary)}`,
    length: segments.reduce((sum, segment) => sum + lengthOf(segment), 0),
    open: () => read(bytes, segments)
  }
}

/** A text, or what stands between two places of the form's bytes. */
type Segment = string | readonly [from: number, to: number]

const segmentsOf = (boundary: string, part: Part, change: Change | undefined): ReadonlyArray<Segment> => {
  switch (change?._tag) {
    case undefined:
      return [[part.from, part.end], "\r\n"]
    case "Without":
      return []
    case "Value":
      return [[part.from, part.begin], `${change.value}\r\n`]
    case "Name":
      return [headOf(boundary, { ...part, name: change.name }), [part.begin, part.end], "\r\n"]
  }
}

const headOf = (
  boundary: string,
  { filename, name, type }: Pick<Part, "name"> & Partial<Pick<Part, "filename" | "type">>
): string => {
  const file = filename === undefined ? "" : `; filename="${escaped(filename)}"`
  const said = type === undefined ? "" : `content-type: ${type}\r\n`
  return `--${boundary}\r\ncontent-disposition: form-data; name="${escaped(name)}"${file}\r\n${said}\r\n`
}

// As browsers write them: what would end the line or the name.
const escaped = (text: string): string => text.replaceAll("\r", "%0D").replaceAll("\n", "%0A").replaceAll('"', "%22")

const lengthOf = (segment: Segment): number =>
  typeof segment === "string" ? Buffer.byteLength(segment) : segment[1] - segment[0]

async function* read(bytes: KeptBytes, segments: ReadonlyArray<Segment>): AsyncIterable<Uint8Array> {
  for (const segment of segments) {
    if (typeof segment === "string") yield Buffer.from(segment)
    else yield* bytes.read(segment[0], segment[1])
  }
}
