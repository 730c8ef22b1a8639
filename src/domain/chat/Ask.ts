import type { Form } from "../form/Form.js"
import * as JsonObject from "../json/JsonObject.js"
import type { Operation } from "../operation/Operation.js"

/**
 * What a caller asks for: the few fields that the gateway acts on, decoded, and the open body that holds them all.
 *
 * @category models
 * @since 0.1.0
 */
export interface Ask {
  readonly operation: Operation
  readonly model: string
  readonly stream: boolean
  /** Whether the caller asked for a usage chunk at the end of the stream. */
  readonly includeUsage: boolean
  readonly body: JsonObject.JsonObject
  /** The form that it came as, where it did: the body has its fields, and no more of its files than their names and sizes. */
  readonly form?: Form
}

/** Whether it brings tools or functions. */
export const usesTools = ({ body }: Ask): boolean =>
  JsonObject.listOf(body["tools"]).length > 0 || JsonObject.listOf(body["functions"]).length > 0

/** Whether a message carries anything but text. */
export const isMultimodal = ({ body }: Ask): boolean =>
  JsonObject.listOf(body["messages"]).some((message) =>
    JsonObject.listOf(JsonObject.orEmpty(message)["content"]).some(
      (part) => JsonObject.orEmpty(part)["type"] !== "text"
    )
  )
