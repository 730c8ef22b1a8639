import { assert, describe, it } from "@effect/vitest"
import * as BackendAddress from "../../../src/domain/backend/BackendAddress.js"

const socket = (socketPath: string, pathname: string, search = "") => ({
  origin: "http://localhost",
  socketPath,
  pathname,
  search
})

describe("the address of a backend", () => {
  it.each([
    ["http+unix:///run/vllm.sock:/v1", socket("/run/vllm.sock", "/v1")],
    ["http+unix:///run/vllm.sock:/v1?a=b", socket("/run/vllm.sock", "/v1", "?a=b")],
    ["http+unix:///run/vllm.sock", socket("/run/vllm.sock", "")],
    ["http+unix:///run/vllm.sock:", socket("/run/vllm.sock", "")],
    ["HTTP+UNIX:///run/a%3A%20b.sock:/", socket("/run/a: b.sock", "/")]
  ])("is a Unix socket and a path: %s", (url, address) => {
    assert.deepEqual(BackendAddress.parse(url), address)
    assert.strictEqual(BackendAddress.parse(`${BackendAddress.shownOrigin(address)}/x`)?.socketPath, address.socketPath)
  })

  it.each([
    "http+unix://host/run/vllm.sock",
    "http+unix:///",
    "http+unix:///run/a.sock:v1",
    "http+unix:///run/%zz.sock",
    "http+unix:///run/%00.sock",
    `http+unix:///${"x".repeat(107)}`,
    "https+unix:///run/a.sock",
    "unix:///run/a.sock",
    "ftp://h",
    "http://me:secret@h",
    "http://{model}.h",
    "h"
  ])("is not %s", (url) => assert.isUndefined(BackendAddress.parse(url)))
})
