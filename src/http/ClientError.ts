import type { Server } from "node:http"
import { STATUS_CODES } from "node:http"
import { Socket } from "node:net"
import type { Duplex } from "node:stream"
import * as WireError from "../domain/failure/WireError.js"
import * as RequestId from "../exchange/RequestId.js"
import * as CallerConnection from "./CallerConnection.js"

/** Answers bytes that are not an HTTP request as every other error is answered, and closes their connection. */
export const answer = (server: Server): void =>
  void server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    // What follows a request must not cost that one its answer.
    const connection = socket instanceof Socket && !isGone(error) ? CallerConnection.of(socket) : undefined
    if (connection?.owesAnswer() === true) return connection.closeAfter()
    if (error.code === "ECONNRESET" || !socket.writable || hasAnswered(socket)) return void socket.destroy(error)
    socket.end(responseTo(WireError.notHttp(statusOf(error.code))))
  })

// It has closed the connection, if in the middle of a request.
const isGone = ({ code }: NodeJS.ErrnoException): boolean => code === "ECONNRESET" || code === "HPE_INVALID_EOF_STATE"

// What follows the bytes of another response would be taken for a part of it.
const hasAnswered = (socket: Duplex): boolean => "bytesWritten" in socket && socket.bytesWritten !== 0

const statusOf = (code: string | undefined): 400 | 408 | 431 =>
  code === "HPE_HEADER_OVERFLOW" ? 431 : code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400

const responseTo = ({ error, status }: WireError.WireError): string => {
  const body = JSON.stringify({ error })
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${RequestId.make()}`,
    "connection: close",
    "",
    body
  ].join("\r\n")
}
