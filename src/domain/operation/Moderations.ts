import * as JsonObject from "../json/JsonObject.js"
import type { PlainOperation } from "./PlainOperation.js"

/** OpenAI's `/moderations`, of which most callers name no model. */
export const operation: PlainOperation = {
  name: "moderations",
  path: "/moderations",
  otherPaths: [],
  fields: [
    {
      key: "input",
      expected: "a text, or a list of texts or parts",
      valid: (input) => typeof input === "string" || Array.isArray(input)
    }
  ],
  defaultModel: "omni-moderation-latest",
  repair: (_, answer) => (JsonObject.listOf(answer["results"]).length > 0 ? answer : undefined),
  sample: { input: "Hello" }
}
