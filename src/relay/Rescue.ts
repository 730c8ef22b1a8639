import type { Backend } from "../domain/backend/Backend.js"
import type { ChatRequest } from "../domain/chat/ChatRequest.js"
import * as Continuation from "../domain/rescue/Continuation.js"
import type { RelayEnd } from "../domain/failure/Outcome.js"
import * as SentAnswer from "../domain/wire/SentAnswer.js"
import * as TextMatch from "../domain/text/TextMatch.js"
import type { Resumption } from "../upstream/attempt/Attempt.js"

/** How another backend is asked to go on with what was sent of this one's answer; undefined when none shall be. */
export const plan = (
  request: ChatRequest,
  { rescue, specialPrefix }: Backend,
  sent: SentAnswer.SentAnswer
): Resumption | undefined => {
  if (rescue === "off") return undefined
  const partial = rescue === "continue" ? withoutPrefix(SentAnswer.onlyText(sent), specialPrefix) : undefined
  // So short a text is sooner said again than recognised.
  const told = partial !== undefined && partial.length >= TextMatch.minOverlap && Continuation.isPossible(request.body)
  return told
    ? { mode: "continue", partial, prefix: "" }
    : { mode: "restart", partial: undefined, prefix: specialPrefix }
}

/** How the text of the new answer leads on from what was sent. */
export const matcher =
  ({ partial }: Resumption) =>
  (sent: string): TextMatch.TextMatch =>
    partial === undefined ? TextMatch.repeated(sent) : TextMatch.continued(partial)

/** Whether an answer ended in a way that another backend can help. */
export const isBroken = ({ _tag }: RelayEnd): boolean =>
  _tag === "UpstreamBroke" || _tag === "UpstreamStalled" || _tag === "UpstreamErrored"

const withoutPrefix = (text: string | undefined, prefix: string): string | undefined =>
  prefix !== "" && text?.startsWith(prefix) === true ? text.slice(prefix.length).replace(/^\n/, "") : text
