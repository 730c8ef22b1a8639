import * as JsonObject from "../json/JsonObject.js"
import type { Media } from "./Operation.js"
import type { Field } from "./PlainOperation.js"

/** An operation whose request or answer is sound or images. */
export interface MediaOperation {
  readonly name: Media
  /** Where it is posted, and where a backend is asked behind its `base_url`. */
  readonly path: `/${string}`
  /** Whether it is asked in a JSON object, or in a form (`multipart/form-data`) with files. */
  readonly request: "json" | "form"
  /** What a request has to have besides a model and files. */
  readonly fields: ReadonlyArray<Field>
  /** The files that a form has to have, by name; one that ends in `[]` is the same. */
  readonly files: ReadonlyArray<string>
  /** The model of a request that names none; undefined where it has to. */
  readonly defaultModel: string | undefined
  /** Whether the answer is asked for as a stream of events. */
  readonly isStream: (asked: JsonObject.JsonObject) => boolean
  /** Whether it is answered with bytes, which are relayed as they come; otherwise with JSON. */
  readonly isBytes: boolean
  /** Whether an answer may be a plain text. */
  readonly isTextual: boolean
  /** Whether a JSON object is an answer. */
  readonly isAnswer: (answer: JsonObject.JsonObject) => boolean
  /** The types of the events one of which a stream has to end with. */
  readonly last: ReadonlyArray<string>
  /** Whether an answer costs so much that one that has begun is asked for of nobody else. */
  readonly isCostly: boolean
  /** A request, for who wants to see one. */
  readonly sample: JsonObject.JsonObject
}

/** Whether a request says `stream`, as JSON does or a form. */
export const saysStream = ({ stream }: JsonObject.JsonObject): boolean => stream === true || stream === "true"

/** Names under which sound and images stand in answers, in base64. */
const media = new Set(["b64_json", "audio"])

/** What a record keeps of an answer, or of the last event of one: all but sound and images, of which it keeps the size. */
export const kept = (answer: JsonObject.JsonObject): JsonObject.JsonObject =>
  Object.fromEntries(
    Object.entries(answer).map(([name, value]) => [
      name,
      media.has(name) && typeof value === "string"
        ? `[${Buffer.byteLength(value, "base64")} bytes]`
        : name === "data" && Array.isArray(value)
          ? value.map((each: unknown) => (JsonObject.is(each) ? kept(each) : each))
          : value
    ])
  )

/** The usage of an answer in the names of the records; seconds stay as they are told. */
export const usageIn = ({ usage }: JsonObject.JsonObject): JsonObject.JsonObject | undefined => {
  if (!JsonObject.is(usage)) return undefined
  const { input_tokens: input, output_tokens: output } = usage
  if (input === undefined && output === undefined) return usage
  return { ...usage, prompt_tokens: input ?? 0, completion_tokens: output ?? 0 }
}
