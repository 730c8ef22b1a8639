import type { IncomingMessage, Server } from "node:http"
import { Socket } from "node:net"
import * as Alarm from "../flow/Alarm.js"

// What a caller sends to a socket that is closed is answered by a reset, and with that the answer is lost that it has not
// read yet: a proxy such as nginx makes a 502 of a 413 then.

/** So long may be silent, in ms, who is still sending a request that has its answer, and so long may it send in all. */
const patience = { silent: 5_000, inAll: 30_000 }

/** What came last over a connection. */
const latest = new WeakMap<Socket, IncomingMessage>()

/**
 * Has the connections of a server that are to be closed, whoever says so, wait for a caller that is still sending: it is
 * told that the answer was the last one, and what it sends is read into nothing for a while.
 */
export const arm = (server: Server): void => {
  server.on("connection", (socket: Socket) => {
    const close = () => Socket.prototype.destroySoon.call(socket)
    socket.destroySoon = () => {
      const incoming = latest.get(socket)
      if (incoming === undefined || incoming.complete || socket.destroyed) close()
      else linger(socket, incoming, close)
    }
  })
  const note = (incoming: IncomingMessage) => void latest.set(incoming.socket, incoming)
  server.prependListener("request", note).prependListener("checkContinue", note)
}

const linger = (socket: Socket, incoming: IncomingMessage, close: () => void): void => {
  // A second time it is closed.
  socket.destroySoon = close
  const silence = Alarm.make()
  const inAll = Alarm.make()
  const end = () => {
    silence.clear()
    inAll.clear()
    close()
  }
  silence.set(patience.silent, end)
  inAll.set(patience.inAll, end)
  socket.once("close", end)
  incoming.on("data", () => silence.refresh()).once("end", end)
  socket.end()
  incoming.resume()
}
