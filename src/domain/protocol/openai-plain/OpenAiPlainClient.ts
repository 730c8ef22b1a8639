import type { Plain } from "../../operation/Operation.js"
import type { PlainOperation } from "../../operation/PlainOperation.js"
import type { Asking } from "../ClientProtocol.js"
import { answers } from "../OpenAiAnswer.js"
import * as OpenAiPaths from "../OpenAiPaths.js"
import * as OpenAiRequest from "../OpenAiRequest.js"

/** An endpoint with one JSON object in and one out, in the words of OpenAI and of those who took after it. */
export interface PlainClient extends Asking {
  readonly operation: Plain
  readonly plain: PlainOperation
}

/** Where and how callers ask for an operation. */
export const of = (plain: PlainOperation): PlainClient => {
  const { deployed, paths } = OpenAiPaths.of(plain.path)
  return {
    operation: plain.name,
    plain,
    paths: [...paths, ...plain.otherPaths],
    deployed,
    decode: OpenAiRequest.decoder(plain.name, plain.fields, { defaultModel: plain.defaultModel }),
    error: answers.error
  }
}
