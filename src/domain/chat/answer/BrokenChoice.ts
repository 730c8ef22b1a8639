import * as ErrorBody from "../../failure/ErrorBody.js"
import * as ReportedError from "../../failure/ReportedError.js"
import type * as JsonObject from "../../json/JsonObject.js"
import * as FinishReason from "./FinishReason.js"

/** What a choice says of why its backend gave it up; undefined where it did not. */
export const of = (choice: JsonObject.JsonObject): ReportedError.ReportedError | undefined => {
  const { error, finish_reason: finish, finishReason } = choice
  if (error !== undefined && ReportedError.isError(error)) return ReportedError.of({ error })
  const reason = finish ?? finishReason
  if (reason === undefined || reason === null || FinishReason.decode(reason) !== "broken") return undefined
  const word = FinishReason.word(reason)
  const broke = "The model provider broke the answer off"
  // The word itself says nothing else.
  const said = word === "error" ? { message: `${broke}.` } : { message: `${broke}: ${word}.`, code: word }
  return { status: 502, error: ErrorBody.fromValue(said, 502) }
}

/** What stands for an answer without a choice: some backends answer so when they have no room. */
export const noRoom: ReportedError.ReportedError = {
  status: 503,
  error: ErrorBody.fromValue(
    {
      message: "The model provider has no capacity at the moment: its answer has no choices.",
      code: ErrorBody.noCapacity
    },
    503
  )
}
