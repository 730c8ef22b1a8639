import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Redaction from "../../../src/domain/record/Redaction.js"
import * as Records from "../../support/Records.js"

const digest: Redaction.Digest = (base64) => ({ bytes: base64.length, sha256: "h" })

const payload = "iVBORw0KGgo".repeat(20)

const body = (content: unknown) => JSON.stringify({ model: "m", messages: [{ role: "user", content }] })

const redacted = (json: string) => Redaction.withoutMedia(json, digest)

describe("Redaction", () => {
  it("replaces images, audio and files by their type, size and hash", () => {
    const long = payload.length
    for (const [part, expected] of [
      [
        { type: "image_url", image_url: { url: `data:image/png;base64,${payload}`, detail: "low" } },
        { type: "image_url", image_url: { url: `[image/png, ${long} bytes, sha256 h]`, detail: "low" } }
      ],
      [
        { type: "input_audio", input_audio: { data: payload, format: "wav" } },
        { type: "input_audio", input_audio: { data: `[${long} bytes, sha256 h]`, format: "wav" } }
      ],
      [
        { type: "file", file: { filename: "a.pdf", file_data: `data:application/pdf;base64,${payload}` } },
        { type: "file", file: { filename: "a.pdf", file_data: `[application/pdf, ${long} bytes, sha256 h]` } }
      ],
      [
        { type: "text", text: `look: ![x](data:image/gif;base64,${payload}) and on` },
        { type: "text", text: `look: ![x]([image/gif, ${long} bytes, sha256 h]) and on` }
      ]
    ]) {
      assert.strictEqual(redacted(body([part])), body([expected]))
    }
  })

  it("replaces the sound of an answer", () => {
    const answer = (data: string) =>
      JSON.stringify({
        choices: [{ index: 0, message: { role: "assistant", audio: { id: "a", data, transcript: "t" } } }]
      })
    assert.strictEqual(redacted(answer(payload)), answer(`[${payload.length} bytes, sha256 h]`))
  })

  it("leaves text, links and short values as they are", () => {
    for (const content of [
      "plain",
      "a".repeat(5_000),
      "metadata: see data: below",
      [{ type: "image_url", image_url: { url: "https://example.com/a.png" } }],
      [{ type: "text", text: '{"data": 1}' }],
      [{ data: "short" }]
    ]) {
      assert.strictEqual(redacted(body(content)), body(content))
    }
  })

  it("replaces even in what is no JSON", () => {
    assert.strictEqual(
      redacted(`x data:image/png;base64,${payload}`),
      `x [image/png, ${payload.length} bytes, sha256 h]`
    )
  })

  it("takes any text for media, whatever is in it", () => {
    for (const data of ["\ud83d", "%", "%ff", "\u0000", "a\udc00b"]) {
      for (const type of ["image/svg+xml", "image/png;base64", "image/png;x=1;base64"]) {
        const url = `data:${type},${data}`
        for (const content of [url, [{ type: "image_url", image_url: { url } }], `see ${url} there`]) {
          assert.isString(redacted(body(content)))
          assert.isString(redacted(`no JSON: ${url}`))
        }
      }
    }
    assert.isString(
      redacted(body(`x data:image/png${";a".repeat(6_000_000)}`)),
      "more parameters than the engine's stack"
    )
  })

  it("stores a record without its bodies when they cannot be looked through", () => {
    const record = Records.record("r", { Request: body([{ url: `data:image/png;base64,${payload}` }]) })
    const kept = Redaction.apply(record, "redacted", () => {
      throw new Error("no digest")
    })
    assert.deepInclude(kept, { id: "r", Request: null, Response: null, Error: "The bodies are not stored: no digest" })
  })

  it("measures what a data URL stands for", () => {
    const seen: Array<unknown> = []
    Redaction.withoutMedia(body(["data:image/svg+xml,%3Csvg%3E", "data:image/png;base64,aGk="]), (text, encoding) => {
      seen.push([text, encoding])
      return { bytes: 0, sha256: "" }
    })
    assert.deepStrictEqual(seen, [
      ["<svg>", "utf8"],
      ["aGk=", "base64"]
    ])
  })

  it("stores everything, everything but media, or no body at all", () => {
    const record = Records.record("r", { Request: body([{ url: `data:image/png;base64,${payload}` }]) })
    assert.strictEqual(Redaction.apply(record, "full", digest), record)
    assert.include(Redaction.apply(record, "redacted", digest).Request ?? "", "sha256 h")
    const none = Redaction.apply(record, "none", digest)
    assert.deepStrictEqual([none.Request, none.Response], [null, null])
    const text = Records.record("t")
    assert.strictEqual(Redaction.apply(text, "redacted", digest), text)
  })

  it.prop("leaves every value without media as it is", [fc.jsonValue({ maxDepth: 4 })], ([value]) => {
    const json = JSON.stringify(value)
    return /data:|"(?:data|file_data|b64_json|base64|bytes)"/.test(json) || redacted(json) === json
  })
})
