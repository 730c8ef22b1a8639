import * as ErrorBody from "../failure/ErrorBody.js"
import { cutShort } from "../failure/WireError.js"
import * as SseEvents from "../wire/SseEvents.js"
import type { ClientProtocol, Encoder } from "./ClientProtocol.js"

/** How their answers are written. */
export const encoder: Encoder = {
  headers: {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "x-accel-buffering": "no"
  },
  chunk: (chunk) => chunk.wire(),
  end: (end) => {
    switch (end._tag) {
      case "Completed":
        return SseEvents.done
      case "CallerLeft":
        return ""
      default:
        return SseEvents.frame({ error: ErrorBody.written(cutShort(end)) })
    }
  },
  failed: ({ error }) => SseEvents.frame({ error: ErrorBody.written(error) }),
  keepalive: SseEvents.keepalive,
  whole: ({ text }) => text
}

/** How OpenAI's endpoints answer: the hub's chunks are theirs, and keep their text. */
export const answers: Pick<ClientProtocol, "encoder" | "error"> = {
  encoder: () => encoder,
  error: ({ error }) => ({ error: ErrorBody.written(error) })
}
