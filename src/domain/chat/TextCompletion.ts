import * as Schema from "effect/Schema"
import { envelope, FinishReason, open, Usage } from "./ChatCompletion.js"

/**
 * A whole answer of the old completions; `created` in Unix seconds.
 *
 * @category models
 * @since 0.1.0
 */
export const TextCompletion = open({
  ...envelope,
  object: Schema.Literal("text_completion"),
  choices: Schema.NonEmptyArray(
    open({ index: Schema.Number, text: Schema.String, finish_reason: FinishReason, logprobs: Schema.Unknown })
  ),
  usage: Schema.optional(Usage)
})
export interface TextCompletion extends Schema.Schema.Type<typeof TextCompletion> {}
