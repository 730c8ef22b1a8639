import * as Schema from "effect/Schema"
import * as Operation from "../operation/Operation.js"
import { orDefault } from "../schema/ConfigSchema.js"

const all = ["openai-chat", "openai-text"] as const

/** A protocol that a backend may speak. */
export type SpokenProtocol = (typeof all)[number]

/** What a backend can be asked in each of them. */
const serving: Readonly<Record<SpokenProtocol, Operation.Conversation>> = {
  "openai-chat": "chat",
  "openai-text": "text"
}

/** The key of a backend that says what it speaks. */
export const field = orDefault(
  Schema.Array(Schema.Literal(...all)).pipe(
    Schema.minItems(1),
    Schema.annotations({
      title: "a list of protocols",
      jsonSchema: { type: "array", items: { enum: all }, minItems: 1 }
    })
  ),
  () => all
).annotations({
  description:
    "What the backend speaks: `openai-chat` is `/chat/completions`, `openai-text` the old `/completions`. It is not asked for what it has no protocol for."
})

/** The conversations that one can be asked for in these protocols. */
export const operationsOf = (spoken: ReadonlyArray<SpokenProtocol>): ReadonlyArray<Operation.Conversation> =>
  spoken.map((name) => serving[name])

/** Whether one can be asked this in one of these protocols; what is no conversation may be tried at any of OpenAI's. */
export const answers = (spoken: ReadonlyArray<SpokenProtocol>, operation: Operation.Operation): boolean =>
  !Operation.isConversation(operation) || toAsk(operation, spoken) !== undefined

/** The first of these protocols in which one can be asked this. */
export const toAsk = (
  operation: Operation.Conversation,
  spoken: ReadonlyArray<SpokenProtocol>
): SpokenProtocol | undefined => spoken.find((name) => serving[name] === operation)
