import * as http from "node:http"
import * as Chat from "./Chat.js"
import * as Control from "./Control.js"
import * as Listening from "./Listening.js"
import * as Pacer from "./Pacer.js"
import * as Percentile from "./Percentile.js"
import * as UpstreamEvents from "./UpstreamEvents.js"

// The scripted upstream: answers instantly, at a pace, when it is told to, or without end, as the model's name says.

const pacer = Pacer.make()
const held = new Set<() => void>()
let open = 0

const server = http.createServer((request, response) => {
  const pieces: Array<Buffer> = []
  open++
  response.on("close", () => open--)
  request.on("data", (bytes: Buffer) => pieces.push(bytes))
  request.on("end", () => {
    const asked = Chat.read(Buffer.concat(pieces).toString("latin1"))
    if (asked !== undefined) return answer(asked, response)
    response.writeHead(400, { "content-type": "application/json" })
    response.end(JSON.stringify({ error: { message: "The upstream was not sent the whole question.", type: "bench" } }))
  })
})

const answer = (asked: Chat.Asked, response: http.ServerResponse): void => {
  switch (asked.model._tag) {
    case "Whole":
      return sendWhole(asked.mark, response)
    case "HeldWhole":
      return hold(response, () => sendWhole(asked.mark, response))
    case "HeldStream":
      openStream(asked, response)
      return hold(response, () => void response.end(UpstreamEvents.ending(asked, 1)))
    case "Paced":
      openStream(asked, response)
      return pace(asked, asked.model, response)
    case "Endless":
      openStream(asked, response)
      return pour(asked, response)
  }
}

const sendWhole = (mark: string, response: http.ServerResponse): void => {
  const body = UpstreamEvents.whole(mark)
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) })
  response.end(body)
}

const openStream = (asked: Chat.Asked, response: http.ServerResponse): void => {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" })
  response.write(UpstreamEvents.piece(asked, 0))
}

const hold = (response: http.ServerResponse, goOn: () => void): void => {
  held.add(goOn)
  response.on("close", () => held.delete(goOn))
}

const pace = (
  asked: Chat.Asked,
  { events, interval }: Chat.Model & { _tag: "Paced" },
  response: http.ServerResponse
) => {
  let sent = 1
  pacer.add(interval, () => {
    if (response.destroyed) return false
    if (sent < events) response.write(UpstreamEvents.piece(asked, sent++))
    else response.end(UpstreamEvents.ending(asked, events))
    return !response.writableEnded
  })
}

/** A stream that is not read on for so long is held by its reader, in ms. */
const patience = 1000

const pour = (asked: Chat.Asked, response: http.ServerResponse): void => {
  let sent = 1
  const readOn = () => {}
  const isHeld = () => held.add(readOn)
  let waiting: NodeJS.Timeout | undefined
  const more = () => {
    held.delete(readOn)
    clearTimeout(waiting)
    if (response.destroyed) return
    while (response.write(UpstreamEvents.piece(asked, sent++)));
    waiting = setTimeout(isHeld, patience)
  }
  // Not at once, for as long as the kernel takes everything nobody else would have a turn.
  response.on("drain", () => setImmediate(more))
  response.on("close", more)
  more()
}

Control.serve({
  listen: (port) => Listening.on(server, Number(port)),
  /** How many requests are open, how many of them wait for us or for their reader, and how late paced events were. */
  state: () => ({ open, held: held.size, latenessP99: Percentile.of(pacer.takeLateness(), 0.99) ?? 0 }),
  /** Ends everything that is held. */
  goOn: () => {
    for (const goOn of [...held]) goOn()
  }
})
