import * as Schema from "effect/Schema"

/**
 * A model that can be asked for; it may hold more, as its backend lists it.
 *
 * @category models
 * @since 0.1.0
 */
export const Model = Schema.Struct(
  { id: Schema.String, object: Schema.Literal("model") },
  Schema.Record({ key: Schema.String, value: Schema.Unknown })
)
export interface Model extends Schema.Schema.Type<typeof Model> {}
