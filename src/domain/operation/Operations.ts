import * as Classify from "./Classify.js"
import * as Embeddings from "./Embeddings.js"
import * as ImageEdits from "./ImageEdits.js"
import * as ImageGenerations from "./ImageGenerations.js"
import * as ImageVariations from "./ImageVariations.js"
import type { MediaOperation } from "./MediaOperation.js"
import * as Moderations from "./Moderations.js"
import type { Media, Plain } from "./Operation.js"
import type { PlainOperation } from "./PlainOperation.js"
import * as Rerank from "./Rerank.js"
import * as Score from "./Score.js"
import * as Speech from "./Speech.js"
import * as Transcriptions from "./Transcriptions.js"
import * as Translations from "./Translations.js"

/** The operations whose request and answer are one JSON object each. */
export const plain: Readonly<Record<Plain, PlainOperation>> = {
  embeddings: Embeddings.operation,
  rerank: Rerank.operation,
  score: Score.operation,
  classify: Classify.operation,
  moderations: Moderations.operation
}

/** The operations with sound and images. */
export const media: Readonly<Record<Media, MediaOperation>> = {
  "audio/speech": Speech.operation,
  "audio/transcriptions": Transcriptions.operation,
  "audio/translations": Translations.operation,
  "images/generations": ImageGenerations.operation,
  "images/edits": ImageEdits.operation,
  "images/variations": ImageVariations.operation
}
