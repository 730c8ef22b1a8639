import { execFile } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { toFile } from "openai"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import type * as Gateway from "../../src/Gateway.js"
import * as Caller from "../support/Caller.js"
import * as Forms from "../support/Forms.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as TestGateway from "../support/TestGateway.js"

const sound = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, n) => (n * 11 + (n >> 7)) % 256))

const transcript = { text: "Hello", usage: { type: "tokens", input_tokens: 14, output_tokens: 2, total_tokens: 16 } }

const transcribe = (call: ScriptedUpstream.Call) => call.json(200, transcript)

const one = (script: (call: ScriptedUpstream.Call) => void, server: Gateway.Config["server"] = {}, more: object = {}) =>
  Effect.gen(function* () {
    const upstream = yield* ScriptedUpstream.make(script)
    const gateway = yield* TestGateway.make({
      openai_clients: [TestGateway.backend("a", upstream.url, more)],
      server
    })
    return { upstream, gateway }
  })

const file = (bytes = sound) => toFile(bytes, "hello.mp3", { type: "audio/mpeg" })

const formOf = (entries: ReadonlyArray<readonly [string, string | Blob]>): FormData => {
  const form = new FormData()
  for (const [name, value] of entries) {
    if (typeof value === "string") form.append(name, value)
    else form.append(name, value, "hello.mp3")
  }
  return form
}

const send = (gateway: TestGateway.TestGateway, form: FormData, path = "/v1/audio/transcriptions") =>
  Effect.promise(() => fetch(gateway.url + path, { method: "POST", body: form }))

const blob = new Blob([sound], { type: "audio/mpeg" })

const receivedBy = (upstream: ScriptedUpstream.ScriptedUpstream, number = 0) =>
  Effect.promise(async () => {
    const received = upstream.received[number]
    return received === undefined ? [] : Forms.received(received)
  })

const nameOf = ({ name }: Forms.Entry) => name

/** Files of uploads that this process has open. */
const openFiles = (): number =>
  fs.readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`).includes("causeway-upload-")
    } catch {
      return false
    }
  }).length

const named = (): number => fs.readdirSync(os.tmpdir()).filter((name) => name.startsWith("causeway-upload-")).length

describe("a form with a file", () => {
  it.scopedLive("reaches the backend of its model as it came, wherever the model stands in it", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* one(transcribe)
      const { client } = gateway
      // Sends the file first.
      const answer = yield* Effect.promise(async () =>
        client.audio.transcriptions.create({
          file: await file(),
          model: "test-model",
          language: "en",
          timestamp_granularities: ["word", "segment"]
        })
      )
      assert.strictEqual(answer.text, transcript.text)
      const entries = yield* receivedBy(upstream)
      const [sent] = entries.filter(({ name }) => name === "file")
      assert.isTrue(sent !== undefined && "bytes" in sent && sent.bytes.equals(sound))
      assert.deepInclude(sent, { filename: "hello.mp3" })
      assert.deepStrictEqual(
        entries.flatMap((entry) => ("value" in entry ? [`${entry.name}=${entry.value}`] : [])),
        ["model=test-model", "language=en", "timestamp_granularities[]=word", "timestamp_granularities[]=segment"]
      )
      assert.strictEqual(upstream.received[0]?.path, "/v1/audio/transcriptions")
      assert.strictEqual(Number(upstream.received[0]?.headers["content-length"]), upstream.received[0]?.bytes.length)
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.deepInclude(record, {
        Type: "audio/transcriptions",
        Outcome: "Completed",
        PromptTokens: 14,
        CompletionTokens: 2,
        TotalTokens: 16
      })
      const request = Caller.parse(record.Request ?? "")
      assert.deepInclude(request, { model: "test-model", timestamp_granularities: ["word", "segment"] })
      assert.include(String(request["file"]), `hello.mp3, `)
      assert.include(String(request["file"]), `, ${sound.length} bytes]`)
    })
  )

  it.scopedLive("comes from curl, with its model behind the file, at all the paths", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* one(transcribe)
      const directory = fs.mkdtempSync(join(os.tmpdir(), "curl-"))
      const path = join(directory, 'a "b".mp3')
      fs.writeFileSync(path, sound)
      for (const [n, at] of [
        "/v1/audio/transcriptions",
        "/audio/translations",
        "/openai/deployments/test-model/audio/transcriptions"
      ].entries()) {
        const form = at.includes("deployments") ? [] : ["-F", "model=test-model"]
        const { stdout } = yield* Effect.promise(() =>
          promisify(execFile)("curl", [
            "-sS",
            "-F",
            `file=@"${path.replaceAll('"', '\\"')}"`,
            ...form,
            gateway.url + at
          ])
        )
        assert.deepStrictEqual(JSON.parse(stdout), transcript)
        const entries = yield* receivedBy(upstream, n)
        assert.deepStrictEqual(entries.map(nameOf).toSorted(), ["file", "model"])
      }
      fs.rmSync(directory, { recursive: true })
    })
  )

  it.scopedLive("names the model of whoever is asked in the place of another", () =>
    Effect.gen(function* () {
      const a = yield* ScriptedUpstream.make((call) => call.json(503, { error: { message: "no" } }))
      const b = yield* ScriptedUpstream.make(transcribe)
      const gateway = yield* TestGateway.make({
        openai_clients: [
          TestGateway.backend("a", a.url, { fallback: "other", retries: 0 }),
          {
            name: "b",
            base_url: b.url,
            model_match: { type: "exact", value: ["other"] },
            rename_params: { language: "lang" },
            drop_params: ["temperature"]
          }
        ]
      })
      const entries: ReadonlyArray<readonly [string, string | Blob]> = [
        ["file", blob],
        ["language", "en"],
        ["temperature", "0"],
        ["model", "test-model"],
        ["keywords[]", "names"]
      ]
      const response = yield* send(gateway, formOf(entries))
      assert.strictEqual(response.status, 200)
      const first = yield* receivedBy(a)
      assert.deepStrictEqual(first.map(nameOf), ["file", "language", "temperature", "model", "keywords[]"])
      const second = yield* receivedBy(b)
      assert.deepStrictEqual(
        second.map((entry) => ("value" in entry ? `${entry.name}=${entry.value}` : entry.name)),
        ["file", "lang=en", "model=other", "keywords[]=names"]
      )
      const [sent] = second
      assert.isTrue(sent !== undefined && "bytes" in sent && sent.bytes.equals(sound))
    })
  )

  it.scopedLive(
    "is in memory as far as there is room, else in a file that nobody can find, and is sent again from it",
    () =>
      Effect.gen(function* () {
        const before = openFiles()
        const held: Array<number> = []
        const a = yield* ScriptedUpstream.make((call) => call.destroy())
        const b = yield* ScriptedUpstream.make((call) => {
          held.push(openFiles())
          transcribe(call)
        })
        const gateway = yield* TestGateway.make({
          openai_clients: [
            TestGateway.backend("a", a.url, { priority: 1, retries: 1 }),
            TestGateway.backend("b", b.url, { priority: 0 })
          ]
        })
        const large = Buffer.alloc(20 * 1024 * 1024, sound)
        for (const bytes of [sound, large]) {
          const response = yield* send(
            gateway,
            formOf([
              ["file", new Blob([bytes])],
              ["model", "test-model"]
            ])
          )
          assert.strictEqual(response.status, 200)
          const [sent] = yield* receivedBy(b, held.length - 1)
          assert.isTrue(sent !== undefined && "bytes" in sent && sent.bytes.equals(bytes))
          yield* Effect.promise(() => gateway.record(held.length - 1))
        }
        assert.strictEqual(a.received.length, 4)
        assert.deepStrictEqual(
          held.map((each) => each - before),
          [0, 1]
        )
        assert.strictEqual(openFiles(), before)
        assert.strictEqual(named(), 0)
      })
  )

  it.scopedLive("does not keep others from the memory that all have together", () =>
    Effect.gen(function* () {
      const before = openFiles()
      const waiting = Caller.latch<ScriptedUpstream.Call>()
      const { gateway } = yield* one(
        (call) => {
          if (call.number === 0) waiting.open(call)
          else {
            assert.strictEqual(openFiles() - before, 1)
            transcribe(call)
          }
        },
        { max_bytes_in_flight: "500KiB", queue: { timeout: "100ms" } }
      )
      const form = () =>
        formOf([
          ["file", blob],
          ["model", "test-model"]
        ])
      const first = fetch(`${gateway.url}/v1/audio/transcriptions`, { method: "POST", body: form() })
      const call = yield* Effect.promise(() => waiting.promise)
      assert.strictEqual(openFiles(), before)
      assert.strictEqual((yield* send(gateway, form())).status, 200)
      transcribe(call)
      assert.strictEqual((yield* Effect.promise(() => first)).status, 200)
      yield* Effect.promise(() => gateway.record(1))
      assert.strictEqual(openFiles(), before)
    })
  )

  it.scopedLive("is in memory alone where no file can be made", () =>
    Effect.gen(function* () {
      const before = process.env["TMPDIR"]
      process.env["TMPDIR"] = "/nowhere"
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          if (before === undefined) delete process.env["TMPDIR"]
          else process.env["TMPDIR"] = before
        })
      )
      const { gateway, upstream } = yield* one(transcribe, { max_bytes_in_flight: "1KiB" })
      const large = Buffer.alloc(17 * 1024 * 1024, sound)
      for (const [n, bytes] of [sound, large].entries()) {
        const form = formOf([
          ["model", "test-model"],
          ["file", new Blob([bytes])]
        ])
        assert.strictEqual((yield* send(gateway, form)).status, 200)
        const [, sent] = yield* receivedBy(upstream, n)
        assert.isTrue(sent !== undefined && "bytes" in sent && sent.bytes.equals(bytes))
      }
    })
  )

  it.scopedLive("is let go when its caller leaves in the middle of it, or of the answer", () =>
    Effect.gen(function* () {
      const before = openFiles()
      const asked = Caller.latch<ScriptedUpstream.Call>()
      const { gateway } = yield* one((call) => asked.open(call), { max_bytes_in_flight: "1KiB" })
      const other = yield* Effect.promise(async () => {
        const cut = Caller.rawOpen(`${gateway.url}/v1/audio/transcriptions`, "POST", {
          "content-type": "multipart/form-data; boundary=x",
          "content-length": String(20 * 1024 * 1024)
        })
        cut.request.write('--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n')
        await new Promise((resolve) => cut.request.write(Buffer.alloc(1024 * 1024), resolve))
        cut.request.destroy()
        return gateway.record(0)
      })
      assert.strictEqual(other.Outcome, "CallerLeft")
      const controller = new AbortController()
      const answer = fetch(`${gateway.url}/v1/audio/transcriptions`, {
        method: "POST",
        body: formOf([
          ["model", "test-model"],
          ["file", new Blob([Buffer.alloc(17 * 1024 * 1024)])]
        ]),
        signal: controller.signal
      })
      const call = yield* Effect.promise(() => asked.promise)
      assert.strictEqual(openFiles() - before, 1)
      controller.abort()
      yield* Effect.promise(() => Caller.rejection(answer))
      yield* Effect.promise(() => call.closed)
      assert.strictEqual((yield* Effect.promise(() => gateway.record(1))).Outcome, "CallerLeft")
      assert.strictEqual(openFiles(), before)
    })
  )

  it.scopedLive("says what is wrong with it, in the name of the field", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* one(transcribe)
      const empty = new Blob([])
      for (const [path, entries, param] of [
        ["audio/transcriptions", [["file", blob]], "model"],
        [
          "audio/transcriptions",
          [
            ["file", blob],
            ["model", ""]
          ],
          "model"
        ],
        [
          "audio/transcriptions",
          [
            ["model", "test-model"],
            ["file", blob],
            ["model", "other"]
          ],
          "model"
        ],
        ["audio/transcriptions", [["model", "test-model"]], "file"],
        [
          "audio/translations",
          [
            ["model", "test-model"],
            ["file", empty]
          ],
          "file"
        ],
        [
          "images/edits",
          [
            ["model", "test-model"],
            ["prompt", "p"]
          ],
          "image"
        ],
        [
          "images/edits",
          [
            ["model", "test-model"],
            ["image[]", blob]
          ],
          "prompt"
        ]
      ] as const) {
        const response = yield* send(gateway, formOf(entries), `/v1/${path}`)
        assert.strictEqual(response.status, 400)
        const error = yield* Effect.promise(() => Caller.errorOf(response))
        assert.propertyVal(error, "param", param)
        assert.include(String(error["message"]), `'${param}'`)
      }
      for (const [type, body] of [
        ["application/json", "{}"],
        ["multipart/form-data", "x"],
        ["multipart/form-data; boundary=x", '--x\r\ncontent-disposition: form-data; name="model"\r\n\r\ntest-mod'],
        ["multipart/form-data; boundary=x", "--x\r\n\r\nnameless\r\n--x--\r\n"]
      ] as const) {
        const response = yield* Effect.promise(() =>
          gateway.post("/v1/audio/transcriptions", body, { "content-type": type })
        )
        assert.strictEqual(response.status, 400)
        assert.propertyVal(yield* Effect.promise(() => Caller.errorOf(response)), "param", null)
      }
      assert.strictEqual(upstream.received.length, 0)
    })
  )

  it.scopedLive("may be so large, whether it says its size or not", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* one(transcribe, { max_upload: "256KiB", max_body: "1KiB" })
      const status = (bytes: Buffer, framing: Record<string, string>) =>
        Effect.promise(async () => {
          const call = Caller.rawOpen(`${gateway.url}/v1/audio/transcriptions`, "POST", {
            "content-type": "multipart/form-data; boundary=x",
            ...framing
          })
          call.request.end(bytes)
          const response = await call.response
          return [response.statusCode, await Caller.textOf(response)] as const
        })
      const body = (size: number) =>
        Buffer.concat([
          Buffer.from('--x\r\ncontent-disposition: form-data; name="model"\r\n\r\ntest-model\r\n'),
          Buffer.from('--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n'),
          Buffer.alloc(size),
          Buffer.from("\r\n--x--")
        ])
      for (const framing of [{ "transfer-encoding": "chunked" }, undefined]) {
        const large = body(300_000)
        const [code, text] = yield* status(large, framing ?? { "content-length": String(large.length) })
        assert.strictEqual(code, 413)
        assert.include(text, "262144 bytes")
        const small = body(200_000)
        assert.strictEqual((yield* status(small, framing ?? { "content-length": String(small.length) }))[0], 200)
      }
      assert.strictEqual(upstream.received.length, 2)
    })
  )
})

describe("a transcript", () => {
  for (const [format, type, text] of [
    ["text", "text/plain; charset=utf-8", "Grüße\n"],
    ["srt", "text/plain; charset=utf-8", "1\n00:00:00,000 --> 00:00:01,000\nHello\n"],
    ["vtt", "text/vtt", "WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n"],
    ["verbose_json", "application/json", '{"text":"Hello","duration":1.5,"usage":{"type":"duration","seconds":2}}']
  ] as const) {
    it.scopedLive(`as ${format} is relayed with its content type`, () =>
      Effect.gen(function* () {
        const { gateway } = yield* one((call) => {
          call.response.writeHead(200, { "content-type": type })
          call.response.end(text)
        })
        const response = yield* send(
          gateway,
          formOf([
            ["file", blob],
            ["model", "test-model"],
            ["response_format", format]
          ])
        )
        assert.strictEqual(response.headers.get("content-type"), type)
        assert.strictEqual(yield* Effect.promise(() => response.text()), text)
        const record = yield* Effect.promise(() => gateway.record(0))
        assert.strictEqual(record.Outcome, "Completed")
        assert.include(record.Response ?? "", format === "verbose_json" ? '"seconds":2' : '"bytes":')
      })
    )
  }

  const delta = { type: "transcript.text.delta", delta: "Hel" }
  const done = { type: "transcript.text.done", text: "Hello", usage: transcript.usage }

  it.scopedLive("comes in events, which are broken without the last of them", () =>
    Effect.gen(function* () {
      const { gateway } = yield* one((call) => {
        call.events(...(call.number === 0 ? [delta, done] : [delta]))
        call.end()
      })
      const stream = yield* Effect.promise(async () =>
        gateway.client.audio.transcriptions.create({ file: await file(), model: "test-model", stream: true })
      )
      const events: Array<object> = []
      yield* Effect.promise(async () => {
        for await (const event of stream) events.push(event)
      })
      assert.deepStrictEqual(events, [delta, done])
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.deepInclude(record, { Outcome: "Completed", Stream: 1, TotalTokens: 16 })
      const response = yield* send(
        gateway,
        formOf([
          ["model", "test-model"],
          ["stream", "true"],
          ["file", blob]
        ])
      )
      const { isWhole, text } = yield* Effect.promise(() => Caller.received(response))
      assert.isFalse(isWhole)
      assert.include(text, '"error"')
      assert.strictEqual((yield* Effect.promise(() => gateway.record(1))).Outcome, "UpstreamBroke")
    })
  )
})

describe("an image to be edited", () => {
  it.scopedLive("goes with the others that came with it", () =>
    Effect.gen(function* () {
      const { gateway, upstream } = yield* one((call) => call.json(200, { created: 1, data: [{ url: "https://i" }] }))
      const answer = yield* Effect.promise(async () =>
        gateway.client.images.edit({
          model: "test-model",
          prompt: "together",
          image: [await file(sound.subarray(0, 1000)), await file(sound.subarray(1000, 3000))]
        })
      )
      assert.strictEqual(answer.data?.[0]?.url, "https://i")
      const entries = yield* receivedBy(upstream)
      const files = entries.flatMap((entry) => ("bytes" in entry ? [`${entry.name} ${entry.bytes.length}`] : []))
      assert.deepStrictEqual(files, ["image[] 1000", "image[] 2000"])
      const record = yield* Effect.promise(() => gateway.record(0))
      assert.strictEqual(record.Type, "images/edits")
      assert.lengthOf(JsonObject.listOf(Caller.parse(record.Request ?? "")["image"]), 2)
    })
  )

  it.scopedLive("has a model of its own for variations, where its caller names none", () =>
    Effect.gen(function* () {
      const upstream = yield* ScriptedUpstream.make((call) => call.json(200, { created: 1, data: [] }))
      const gateway = yield* TestGateway.make({
        openai_clients: [
          { ...TestGateway.backend("a", upstream.url), model_match: { type: "exact", value: "dall-e-2" } }
        ]
      })
      const answer = yield* Effect.promise(async () => gateway.client.images.createVariation({ image: await file() }))
      assert.deepStrictEqual(answer.data, [])
      const entries = yield* receivedBy(upstream)
      assert.deepInclude(entries, { name: "model", value: "dall-e-2" })
    })
  )
})
