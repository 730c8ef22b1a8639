import { assert, describe, it } from "@effect/vitest"
import * as InputKind from "../../../src/domain/failure/InputKind.js"

/** What servers and providers say where a model takes no input of this kind. */
const wordings = [
  "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
  "audio input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
  "tools param requires --jinja flag",
  "At most 0 image(s) may be provided in one prompt.",
  "At most 0 audio(s) may be provided in one request.",
  "Qwen/Qwen3-8B is not a multimodal model",
  "meta-llama/Llama-3 is not a vision model",
  "registry.ollama.ai/library/gemma:2b does not support tools",
  "this model is missing data required for image input",
  "this model does not support image input",
  "Model does not support images. Please use a model that does.",
  "No endpoints found that support image input",
  "No endpoints found that support tool use. To learn more about provider routing, visit the docs",
  "Invalid content type. image_url is only supported by certain models.",
  "Failed to deserialize the JSON body into the target type: messages[0]: unknown variant `image_url`, expected `text` at line 1",
  "This model doesn't support the image content block that you provided. Remove the image content block and try again.",
  "This model doesn't support tool use in streaming mode.",
  "The model 'x' doesn’t accept audio",
  "Unsupported content part type: image_url",
  "This is a text-only model and cannot process images",
  "The model only supports text input",
  "function calling is not supported by this model",
  "Tool calling is not currently supported",
  "video inputs are not supported"
]

/** What is something else. */
const others = [
  "",
  "The server had an error while processing your request.",
  "CUDA out of memory. Tried to allocate 2 GiB for image features",
  "failed to load the tool parser",
  "The image could not be downloaded in time",
  "Service is not supported in your region",
  "model is overloaded",
  "This model's maximum context length is 4096 tokens.",
  "an internal error in the image encoder",
  "upstream tool server is unavailable",
  "TLS 1.0 is not supported"
]

describe("InputKind", () => {
  it("is known in the words of servers and providers", () => {
    for (const text of wordings) assert.isTrue(InputKind.isWording(text), text)
  })

  it("is not what fails for another reason", () => {
    for (const text of others) assert.isFalse(InputKind.isWording(text), text)
  })

  it("counts with any status but those that say what else is wrong", () => {
    const error = { message: wordings[0] ?? "", type: "t", param: null, code: null }
    for (const status of [400, 404, 415, 422, 500, 501, 503]) assert.isTrue(InputKind.isRefused(status, error))
    for (const status of [401, 402, 403, 408, 409, 429]) assert.isFalse(InputKind.isRefused(status, error))
  })
})
