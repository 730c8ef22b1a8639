import { spawn, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as net from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { freePort } from "../support/FreePort.js"
import * as ScriptedUpstream from "../support/ScriptedUpstream.js"
import * as Temp from "../support/Temp.js"
import * as TestGateway from "../support/TestGateway.js"

const size = 24 * 1024 * 1024

const started = Effect.gen(function* () {
  const upstream = yield* ScriptedUpstream.make(ScriptedUpstream.answerWell("Hi"))
  return yield* TestGateway.make({
    openai_clients: [TestGateway.backend("a", upstream.url)],
    server: { max_body: "1MiB" }
  })
})

interface Told {
  readonly text: string
  readonly failure: string | undefined
  /** How much of the body it got rid of. */
  readonly sent: number
}

/** Sends all of a large body whatever is answered meanwhile, and reads the answer only then, as a slow proxy would. */
const sendAll = (url: string, head: string): Promise<Told> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(url)
    const socket = net.connect({ port: Number(port), host: hostname, allowHalfOpen: true })
    let text = ""
    let failure: string | undefined
    let sent = 0
    socket.on("error", (error: NodeJS.ErrnoException) => (failure = error.code))
    socket.on("close", () => resolve({ text, failure, sent }))
    socket.write(head)
    const piece = Buffer.alloc(256 * 1024, "x")
    const write = (): void => {
      if (socket.destroyed) return
      if (sent >= size) {
        socket.on("data", (bytes: Buffer) => (text += bytes.toString()))
        socket.on("end", () => socket.end())
        return
      }
      sent += piece.length
      socket.write(piece, () => setImmediate(write))
    }
    write()
  })

const headOf = (version: string, headers: ReadonlyArray<string>) =>
  [`POST /v1/chat/completions HTTP/${version}`, "host: 127.0.0.1", "connection: close", ...headers, "", ""].join("\r\n")

const describeServer = TestGateway.isMounted ? describe.skip : describe.concurrent

describeServer("an answer to who is still sending", () => {
  for (const [name, version, headers, status] of [
    ["too large a body", "1.1", [`content-length: ${size}`], 413],
    ["too large a body of an older protocol", "1.0", [`content-length: ${size}`], 413],
    ["an encoding that nobody knows", "1.1", [`content-length: ${size}`, "content-encoding: zstd"], 415],
    ["a page that may not ask", "1.1", [`content-length: ${size}`, "origin: https://evil.example"], 403]
  ] as const) {
    it.scopedLive(`is not lost though the connection is to be closed: ${name}`, () =>
      Effect.gen(function* () {
        const gateway = yield* started
        const told = yield* Effect.promise(() => sendAll(gateway.url, headOf(version, headers)))
        assert.match(told.text, new RegExp(`^HTTP/1\\.1 ${status} `))
        assert.match(told.text, /\r\n\r\n\{.*\}$/s)
        assert.deepStrictEqual([told.failure, told.sent], [undefined, size])
      })
    )
  }

  it.scopedLive("keeps no connection of who is silent", () =>
    Effect.gen(function* () {
      const gateway = yield* started
      const { hostname, port } = new URL(gateway.url)
      const socket = net.connect({ port: Number(port), host: hostname, allowHalfOpen: true })
      yield* Effect.promise(
        () =>
          new Promise<void>((resolve) => {
            socket.on("close", () => resolve())
            socket.on("error", () => {})
            socket.on("data", () => {})
            // It leaves its own half open, and finds out when it writes.
            socket.on("end", () => {
              setTimeout(() => {
                const knocking = setInterval(() => socket.write("x"), 50)
                socket.on("close", () => clearInterval(knocking))
              }, 5_100)
            })
            socket.write(headOf("1.1", [`content-length: ${size}`]))
          })
      )
    })
  )

  it.scopedLive("reaches a caller behind nginx as it is", (context) =>
    Effect.gen(function* () {
      if (spawnSync("nginx", ["-v"]).status !== 0) return context.skip("nginx is not installed")
      const gateway = yield* started
      const folder = yield* Temp.directory
      const port = yield* freePort
      const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      fs.writeFileSync(
        `${folder}/nginx.conf`,
        `${process.getuid?.() === 0 ? "user root;" : ""} daemon off; pid ${folder}/pid; error_log ${folder}/error.log; events {}
http {
  access_log off; client_max_body_size 0;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")}
  server { listen 127.0.0.1:${port}; location / { proxy_pass ${gateway.url}; } }
}`
      )
      const nginx = spawn("nginx", ["-p", folder, "-c", `${folder}/nginx.conf`], { stdio: "ignore" })
      yield* Effect.addFinalizer(() =>
        Effect.promise(async () => {
          nginx.kill("SIGTERM")
          await new Promise((resolve) => nginx.once("exit", resolve))
        })
      )
      const url = `http://127.0.0.1:${port}/v1/chat/completions`
      const ask = (body: string, headers: Record<string, string> = {}) =>
        fetch(url, { method: "POST", body, headers }).then(
          async (answer) => [answer.status, await answer.json()] as const
        )
      yield* Effect.promise(async () => {
        for (let answered = false; !answered;)
          answered = await ask("{}").then(
            () => true,
            () => false
          )
        const large = "x".repeat(size)
        // Whether the answer is read before the reset comes is a matter of chance.
        const askOnce = async (n: number) => {
          const [status, body] = await ask(large, n % 2 === 0 ? {} : { "content-encoding": "zstd" })
          assert.strictEqual(status, n % 2 === 0 ? 413 : 415)
          assert.match(JSON.stringify(body), /request bod/i)
        }
        for (let round = 0; round < 3; round++) await Promise.all(Array.from({ length: 8 }, (_, n) => askOnce(n)))
      })
      assert.notMatch(fs.readFileSync(`${folder}/error.log`, "utf8"), /reset by peer|prematurely closed/)
    })
  )
})
