import type { ServerResponse } from "node:http"
import type { CallerSink } from "../exchange/Exchange.js"
import type { SinkListener } from "../upstream/ResponseSink.js"

/** The sink over a Node response; `extra` headers, as they are by then, go out with whatever head is sent. */
export const make = (response: ServerResponse, extra: () => Readonly<Record<string, string>>): CallerSink => {
  let listener: SinkListener | undefined
  let onEnded: ((delivered: boolean) => void) | undefined
  let isCut = false

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
      if (!response.destroyed && !response.headersSent) response.writeHead(status, Object.assign({}, headers, extra()))
    },
    write: (text) => response.destroyed || response.write(text),
    end: (text, ended) => {
      if (response.destroyed) {
        response.end()
        return queueMicrotask(() => ended(false))
      }
      onEnded = ended
      response.end(text)
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
