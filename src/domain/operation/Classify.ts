import * as JsonObject from "../json/JsonObject.js"
import type { PlainOperation } from "./PlainOperation.js"

/** vLLM's `/classify`: a label for each text, or for a conversation. It has it at the root alone. */
export const operation: PlainOperation = {
  name: "classify",
  path: "/classify",
  otherPaths: [],
  isUnversioned: true,
  fields: [],
  defaultModel: undefined,
  repair: (_, answer) => (JsonObject.listOf(answer["data"]).length > 0 ? answer : undefined),
  sample: { input: "Hello" }
}
