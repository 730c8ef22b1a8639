import * as ImageGenerations from "./ImageGenerations.js"
import type { MediaOperation } from "./MediaOperation.js"

/** OpenAI's `/images/variations`: an image becomes others that are like it. */
export const operation: MediaOperation = {
  ...ImageGenerations.operation,
  name: "images/variations",
  path: "/images/variations",
  request: "form",
  fields: [],
  files: ["image"],
  // The only one that OpenAI has for them.
  defaultModel: "dall-e-2",
  sample: { image: "[apple.png]" }
}
