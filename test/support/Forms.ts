import type * as ScriptedUpstream from "./ScriptedUpstream.js"

/** The fields and files of a form that an upstream received, as another reader of forms than ours sees them. */
export const received = async ({ bytes, headers }: ScriptedUpstream.Received): Promise<ReadonlyArray<Entry>> => {
  const form = await new Response(new Uint8Array(bytes), {
    headers: { "content-type": headers["content-type"] ?? "" }
  }).formData()
  return Promise.all(
    [...form].map(async ([name, value]): Promise<Entry> =>
      typeof value === "string"
        ? { name, value }
        : { name, filename: value.name, type: value.type, bytes: Buffer.from(await value.arrayBuffer()) }
    )
  )
}

/** A field, or a file. */
export type Entry =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly filename: string; readonly type: string; readonly bytes: Buffer }
