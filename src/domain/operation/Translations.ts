import type { MediaOperation } from "./MediaOperation.js"
import * as Transcriptions from "./Transcriptions.js"

/** OpenAI's `/audio/translations`: sound becomes an English text. */
export const operation: MediaOperation = {
  ...Transcriptions.operation,
  name: "audio/translations",
  path: "/audio/translations"
}
