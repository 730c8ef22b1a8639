import * as Chat from "./Chat.js"

/** An event with a piece of the answer, the first with the role. */
export const piece = (asked: Chat.Marked, index: number): string =>
  event(asked.mark, { ...(index === 0 ? { role: "assistant" } : {}), content: Chat.pieceOf(asked, index) }, null)

/** What ends an answer of so many pieces: the finish, usage if it was asked for, and the farewell. */
export const ending = ({ mark, usage }: Chat.Asked, pieces: number): string => {
  const counted = usage
    ? `data: ${JSON.stringify({ ...envelope(mark, "chat.completion.chunk"), choices: [], usage: usageOf(pieces) })}\n\n`
    : ""
  return `${event(mark, {}, "stop")}${counted}data: [DONE]\n\n`
}

/** A whole answer as a JSON body. */
export const whole = (mark: string): string =>
  JSON.stringify({
    ...envelope(mark, "chat.completion"),
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: Chat.answerTo(mark), refusal: null },
        logprobs: null,
        finish_reason: "stop"
      }
    ],
    usage: usageOf(40)
  })

const envelope = (mark: string, object: string) => ({
  id: `chatcmpl-${mark}`,
  object,
  created: 1_790_000_000,
  model: "bench-1",
  service_tier: "default",
  system_fingerprint: "fp_44709d6fcb"
})

const event = (mark: string, delta: object, finish: string | null): string =>
  `data: ${JSON.stringify({
    ...envelope(mark, "chat.completion.chunk"),
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }]
  })}\n\n`

const usageOf = (completion: number) => ({
  prompt_tokens: 20,
  completion_tokens: completion,
  total_tokens: 20 + completion
})
