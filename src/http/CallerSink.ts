import * as http from "node:http"
import type { CallerSink } from "../exchange/Exchange.js"
import type { SinkListener } from "../upstream/ResponseSink.js"

/** The sink over a Node response; `extra` headers, as they are by then, go out with whatever head is sent. */
export const make = (response: http.ServerResponse, extra: () => Readonly<Record<string, string>>): CallerSink => {
  let listener: SinkListener | undefined
  let onEnded: ((delivered: boolean) => void) | undefined
  let isCut = false
  let chunked = false

  // Node would write each chunk in four pieces. Whoever has put something between, such as a compression, expects texts.
  const takeOverChunking = () => {
    const own = http.ServerResponse.prototype
    if (response.write !== own.write || response.end !== own.end) return
    chunked = response.chunkedEncoding
    response.chunkedEncoding = false
  }

  const settle = (delivered: boolean) => {
    const ended = onEnded
    onEnded = undefined
    ended?.(delivered)
  }

  response.on("drain", () => listener?.onDrained())
  // Node calls it finished, too, when the socket is destroyed with the rest still in it.
  response.on("finish", () => settle(!response.destroyed))
  response.on("error", () => {})
  response.on("close", () => {
    if (onEnded !== undefined) settle(false)
    else if (!response.writableEnded) listener?.onLeft()
  })

  return {
    listen: (next) => {
      listener = next
      if (response.destroyed) queueMicrotask(next.onLeft)
    },
    start: (status, headers) => {
      if (response.destroyed || response.headersSent) return
      response.writeHead(status, Object.assign({}, headers, extra()))
      takeOverChunking()
    },
    write: (text) => {
      if (response.destroyed) return true
      const size = Buffer.byteLength(text)
      const piece = chunked ? chunkOf(text, size) : text
      return isAscii(text, size) ? response.write(piece, "latin1") : response.write(Buffer.from(piece))
    },
    end: (text, ended) => {
      if (response.destroyed) {
        response.end()
        return queueMicrotask(() => ended(false))
      }
      onEnded = ended
      const size = Buffer.byteLength(text)
      const piece = chunked ? chunkOf(text, size) + lastChunk : text
      if (isAscii(text, size)) response.end(piece, "latin1")
      else response.end(Buffer.from(piece))
    },
    abandon: () => void response.destroy(),
    breakOff: () => {
      if (!response.headersSent) return false
      response.destroy()
      response.end()
      return true
    },
    cut: () => {
      if (isCut) return
      isCut = true
      listener?.onCut()
    }
  }
}

// A chunk of nothing would be the last one.
const chunkOf = (text: string, size: number): string => (text === "" ? "" : `${size.toString(16)}\r\n${text}\r\n`)

const lastChunk = "0\r\n\r\n"

// What is not goes out as bytes: Node would write the head, whose bytes are its own, in the encoding of the first text.
const isAscii = (text: string, size: number): boolean => size === text.length
