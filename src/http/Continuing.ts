import type { IncomingMessage, ServerResponse } from "node:http"

const held = new WeakMap<IncomingMessage, ServerResponse>()

/** Notes that a caller waits to be told before it sends its body (`Expect: 100-continue`). */
export const hold = (request: IncomingMessage, response: ServerResponse): void => void held.set(request, response)

/** Tells a caller that waits for it to send its body, once. */
export const tell = (request: IncomingMessage): void => {
  const response = held.get(request)
  if (response === undefined) return
  held.delete(request)
  response.writeContinue()
}
