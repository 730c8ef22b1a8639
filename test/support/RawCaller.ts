import * as net from "node:net"

/** A caller that writes its bytes itself, whose answers are one text. */
export interface RawCaller {
  readonly socket: net.Socket
  readonly received: { text: string; ended: boolean }
}

/** Connects to a gateway. */
export const connect = async (url: string): Promise<RawCaller> => {
  const { hostname, port } = new URL(url)
  const socket = net.connect(Number(port), hostname)
  const received = { text: "", ended: false }
  socket.on("data", (bytes: Buffer) => (received.text += bytes.toString()))
  socket.on("close", () => (received.ended = true))
  socket.on("error", () => {})
  await new Promise((resolve) => socket.once("connect", resolve))
  return { socket, received }
}

/** A chat request on the wire. */
export const request = (body: object, headers: ReadonlyArray<string> = []): string => {
  const text = JSON.stringify(body)
  const lines = ["POST /v1/chat/completions HTTP/1.1", "host: 127.0.0.1", "content-type: application/json", ...headers]
  return `${lines.join("\r\n")}\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
}

/** The head of a chat request whose body comes in chunks. */
export const chunkedHead =
  "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
