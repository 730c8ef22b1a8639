import * as ErrorBody from "../../failure/ErrorBody.js"
import type { Plain } from "../../operation/Operation.js"
import type { PlainOperation } from "../../operation/PlainOperation.js"
import type { Asking } from "../ClientProtocol.js"
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
  const decode = OpenAiRequest.decoder(plain.name, plain.fields, { defaultModel: plain.defaultModel })
  return {
    operation: plain.name,
    plain,
    paths: [...paths, ...plain.otherPaths],
    deployed,
    decode: (text, mostValues, model) => decode(text, mostValues, model),
    error: ({ error }) => ({ error: ErrorBody.written(error) })
  }
}
