import { assert, describe, it } from "@effect/vitest"
import * as Deployments from "../../../src/domain/protocol/Deployments.js"
import * as Protocols from "../../../src/domain/protocol/Protocols.js"

const found = (path: string) => {
  const deployment = Deployments.at(path)
  return deployment && [deployment.protocol.operation, deployment.model]
}

describe("Azure's paths of a deployment", () => {
  it("name the model and what is asked of it", () => {
    for (const [path, protocol, model] of [
      ["/openai/deployments/gpt-4o/chat/completions", "chat", "gpt-4o"],
      ["/openai/deployments/gpt-4o/completions", "text", "gpt-4o"],
      ["/openai/deployments/org/model:free/chat/completions", "chat", "org/model:free"],
      ["/openai/deployments/org%2Fmodel/completions", "text", "org/model"],
      ["/openai/deployments/100%/completions", "text", "100%"],
      ["/llm/openai/deployments/gpt-4o/completions", "text", "gpt-4o"],
      ["/openai/deployments/ada/embeddings", "embeddings", "ada"]
    ] as const) {
      assert.deepStrictEqual(found(path), [protocol, model], path)
    }
  })

  it("are none without a model, or of what nobody serves", () => {
    for (const path of [
      "/openai/deployments//completions",
      "/openai/deployments//chat/completions",
      "/openai/deployments/chat/completions/",
      "/openai/deployments/gpt-4o/images/nothing",
      "/openai/deployments/gpt-4o",
      "/v1/chat/completions",
      ""
    ]) {
      assert.isUndefined(found(path), path)
    }
  })

  it("are there for every protocol that has them", () => {
    for (const { deployed, operation } of Protocols.endpoints) {
      if (deployed !== undefined) assert.deepStrictEqual(found(`/openai/deployments/m${deployed}`), [operation, "m"])
    }
  })
})
