import * as JsonObject from "../../json/JsonObject.js"
import type { Conversation } from "../../operation/Operation.js"
import * as ChoiceRepair from "./ChoiceRepair.js"
import * as WholeAnswer from "./WholeAnswer.js"

/** What the answers to one operation look like. */
export interface AnswerShape {
  /** The `object` of a chunk, and of the whole. */
  readonly chunk: string
  readonly whole: string
  /** The repair of one choice of a stream; `callId` makes the id of a tool call that has none. */
  readonly choice: (index: number, prefix: string, callId: (call: number) => string) => ChoiceRepair.ChoiceRepair
  /** The choice of a whole answer that the choices of a stream amount to. */
  readonly assemble: (choice: JsonObject.JsonObject) => JsonObject.JsonObject
  /** Whether a whole answer needs no repair. */
  readonly isSound: (body: JsonObject.JsonObject) => boolean
}

/** The shape of the answers to an operation. */
export const of = (operation: Conversation): AnswerShape => shapes[operation]

const chatMessage = ({ role, content, refusal, tool_calls, ...rest }: JsonObject.JsonObject): JsonObject.JsonObject => {
  const calls = JsonObject.listOf(tool_calls)
    .map(JsonObject.orEmpty)
    .map(({ index: _, ...call }) => call)
  return {
    role: role ?? "assistant",
    content: content === undefined || (content === "" && calls.length > 0) ? null : content,
    refusal: refusal ?? null,
    ...rest,
    ...(calls.length > 0 ? { tool_calls: calls } : {})
  }
}

const shapes: Readonly<Record<Conversation, AnswerShape>> = {
  chat: {
    chunk: "chat.completion.chunk",
    whole: "chat.completion",
    choice: ChoiceRepair.chat,
    assemble: ({ index, delta, logprobs, finish_reason, ...rest }) => ({
      index,
      message: chatMessage(JsonObject.orEmpty(delta)),
      logprobs: logprobs ?? null,
      finish_reason: finish_reason ?? null,
      ...rest
    }),
    isSound: WholeAnswer.isSound
  },
  text: {
    chunk: "text_completion",
    whole: "text_completion",
    choice: ChoiceRepair.text,
    assemble: ({ index, text, logprobs, finish_reason, ...rest }) => ({
      index,
      text: text ?? "",
      logprobs: logprobs ?? null,
      finish_reason: finish_reason ?? null,
      ...rest
    }),
    isSound: () => false
  }
}
