import type * as JsonObject from "../json/JsonObject.js"
import type { Plain } from "./Operation.js"

/** An operation whose request and answer are one JSON object each. */
export interface PlainOperation {
  readonly name: Plain
  /** Where it is posted, and where a backend is asked behind its `base_url`, unless that is elsewhere. */
  readonly path: `/${string}`
  /** Where else it is posted, as written. */
  readonly otherPaths: ReadonlyArray<`/${string}`>
  /** Whether a backend has it beside the version of its API, where its `base_url` ends with one, rather than below. */
  readonly isUnversioned?: true
  /** What a request has to have besides a model. */
  readonly fields: ReadonlyArray<Field>
  /** The model of a request that names none; undefined where it has to. */
  readonly defaultModel: string | undefined
  /** What is made of an answer for what was asked; undefined for what is no answer. */
  readonly repair: (asked: JsonObject.JsonObject, answer: JsonObject.JsonObject) => JsonObject.JsonObject | undefined
  /** What a record keeps of an answer, where that is not all of it. */
  readonly kept?: (answer: JsonObject.JsonObject) => JsonObject.JsonObject
  /** A request, for who wants to see one. */
  readonly sample: JsonObject.JsonObject
}

/** A field of a request. */
export interface Field {
  readonly key: string
  /** What it has to be, for a caller that sends something else. */
  readonly expected: string
  readonly valid: (value: unknown) => boolean
}
