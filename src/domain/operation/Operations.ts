import * as Classify from "./Classify.js"
import * as Embeddings from "./Embeddings.js"
import * as Moderations from "./Moderations.js"
import type { Plain } from "./Operation.js"
import type { PlainOperation } from "./PlainOperation.js"
import * as Rerank from "./Rerank.js"
import * as Score from "./Score.js"

/** The operations whose request and answer are one JSON object each. */
export const plain: Readonly<Record<Plain, PlainOperation>> = {
  embeddings: Embeddings.operation,
  rerank: Rerank.operation,
  score: Score.operation,
  classify: Classify.operation,
  moderations: Moderations.operation
}
