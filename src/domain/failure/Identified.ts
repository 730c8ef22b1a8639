import * as Schema from "effect/Schema"

/** What a failure knows besides what it is about. */
export const fields = {
  /** The id of the record, where the failure has come out of an exchange inside the process. */
  id: Schema.optional(Schema.String)
}

/**
 * Makes a failure without a look at its fields, which the compiler has had: on the path of requests that are refused in
 * masses it would cost more than all the rest of the failure.
 */
export const unchecked = { disableValidation: true } as const
