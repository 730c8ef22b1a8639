import * as http from "node:http"
import type { Dispatcher } from "undici"
import { Pool } from "undici"
import * as Control from "./Control.js"
import * as Listening from "./Listening.js"

// The least that a relay must do on Node: parse the request, set the model and the key, write it again, relay what comes
// back (parsed and written again if it is JSON, as bytes with back-pressure if it is a stream), and stop when either
// side leaves. No routing, no repair, no records: the floor that everything else is measured against.

const upstream = new URL(process.argv[2] ?? "")
const pool = new Pool(upstream.origin, { pipelining: 1, headersTimeout: 0, bodyTimeout: 0 })

const server = http.createServer((request, response) => {
  const pieces: Array<Buffer> = []
  request.on("data", (bytes: Buffer) => pieces.push(bytes))
  request.on("end", () => {
    const asked: unknown = JSON.parse(Buffer.concat(pieces).toString())
    const body = JSON.stringify(typeof asked === "object" && asked !== null ? { ...asked } : {})
    const path = `${upstream.pathname}/chat/completions`
    const headers = { "content-type": "application/json", authorization: "Bearer bench" }
    pool.dispatch({ method: "POST", path, headers, body }, new Relay(response))
  })
})

class Relay implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | undefined
  private readonly pieces: Array<Buffer> = []
  private streams = false
  private status = 502

  constructor(private readonly response: http.ServerResponse) {
    response.on("drain", () => this.controller?.resume())
    response.on("close", () => {
      if (!response.writableEnded) this.controller?.abort(new Error("the caller left"))
    })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: http.IncomingHttpHeaders): void {
    this.status = status
    this.streams = headers["content-type"]?.startsWith("text/event-stream") === true
    if (this.streams) this.response.writeHead(status, { "content-type": "text/event-stream" })
  }

  onResponseData(controller: Dispatcher.DispatchController, bytes: Buffer): void {
    if (!this.streams) this.pieces.push(bytes)
    else if (!this.response.write(bytes)) controller.pause()
  }

  onResponseEnd(): void {
    if (this.streams) return void this.response.end()
    const answer: unknown = JSON.parse(Buffer.concat(this.pieces).toString())
    const text = JSON.stringify(answer)
    this.response.writeHead(this.status, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text)
    })
    this.response.end(text)
  }

  onResponseError(): void {
    this.response.destroy()
  }
}

Control.serve({ listen: () => Listening.on(server, 0) })
