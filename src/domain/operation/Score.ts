import * as JsonObject from "../json/JsonObject.js"
import type { PlainOperation } from "./PlainOperation.js"

/** vLLM's `/score`: how alike two texts are, one to one or one to many, in any of the names that it knows for the two. */
export const operation: PlainOperation = {
  name: "score",
  path: "/score",
  otherPaths: [],
  fields: [],
  defaultModel: undefined,
  repair: (_, answer) => (JsonObject.listOf(answer["data"]).length > 0 ? answer : undefined),
  sample: { text_1: "red apples", text_2: "two red apples" }
}
