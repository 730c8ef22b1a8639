import * as ImageGenerations from "./ImageGenerations.js"
import type { MediaOperation } from "./MediaOperation.js"

/** OpenAI's `/images/edits`: images and a text become other images. */
export const operation: MediaOperation = {
  ...ImageGenerations.operation,
  name: "images/edits",
  path: "/images/edits",
  request: "form",
  files: ["image"],
  last: ["image_edit.completed"],
  sample: { image: "[apple.png]", prompt: "Make it green" }
}
