import * as Usage from "../chat/answer/Usage.js"
import type { Outcome } from "../failure/Outcome.js"
import type { Ask } from "../chat/Ask.js"
import type * as JsonObject from "../json/JsonObject.js"
import * as Operation from "../operation/Operation.js"
import * as TokenEstimate from "./TokenEstimate.js"

/** What is known of an exchange that has ended. */
export interface Known {
  readonly ask: Ask | undefined
  /** The answer that the caller got, assembled. */
  readonly answer: JsonObject.JsonObject | undefined
  /** Whether a backend was at work that had not begun to answer. */
  readonly isAsking: boolean
  /** What its backends reported. */
  readonly usage: JsonObject.JsonObject | undefined
}

/** The tokens of an exchange, as its row has them. */
export interface TokenCounts extends Usage.Usage {
  /** Whether any of them is our estimate. */
  readonly estimated: boolean
}

/**
 * The tokens of an exchange: what its backends reported last. Of an answer that was not read to its end, or was given up
 * before its beginning, whose backend had not yet said what it took, they are estimated from the request and from what
 * came of it.
 */
export const of = ({ answer, ask, isAsking, usage }: Known, outcome: Outcome): TokenCounts | undefined => {
  const reported = usage === undefined ? undefined : Usage.decode(usage)
  const hasBegun = answer !== undefined || isAsking
  if (outcome._tag === "Completed" || !hasBegun || ask === undefined) return told(reported)
  // Of sound, images and vectors nobody can tell.
  if (!Operation.isConversation(ask.operation)) return told(reported)
  const promptTokens = reported?.promptTokens || TokenEstimate.ofRequest(ask.body)
  const completionTokens = reported?.completionTokens || TokenEstimate.ofAnswer(answer ?? nothing)
  const isTold = promptTokens === reported?.promptTokens && completionTokens === reported.completionTokens
  return isTold
    ? told(reported)
    : { promptTokens, completionTokens, totalTokens: promptTokens + completionTokens, estimated: true }
}

const nothing = {}

const told = (reported: Usage.Usage | undefined): TokenCounts | undefined =>
  reported === undefined ? undefined : { ...reported, estimated: false }
