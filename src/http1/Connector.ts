import * as net from "node:net"
import * as tls from "node:tls"
import * as Data from "effect/Data"

/** No connection was made in time. */
export class ConnectTimedOut extends Data.TaggedError("ConnectTimedOut")<{
  /** In ms. */
  readonly after: number
}> {
  override get message() {
    return `no connection within ${this.after} ms`
  }
}

/** How one server is connected to. */
export interface Options {
  /** `http:` or `https:`. */
  readonly url: URL
  /** How long it may take until there is a connection, with TLS where it is asked for, in ms. */
  readonly timeout: number
  /** Certificates to trust in place of Node's own. */
  readonly ca?: string
}

/** Makes connections to one server. */
export interface Connector {
  /** A socket that is about to connect; `onReady` hears when it has, `onRead` of all that comes. */
  readonly open: (onReady: () => void, onRead: (bytes: Buffer) => void) => net.Socket
}

/** After so long a silence TCP looks whether the other side is still there, in ms. */
const keepAliveDelay = 60_000

// One for all sockets, as they are read one after the other; each read is copied out of it.
const buffer = Buffer.allocUnsafeSlow(64 * 1024)

/** A connector, which goes on with the TLS session that it had last. */
export const make = ({ ca, timeout, url }: Options): Connector => {
  const isSecure = url.protocol === "https:"
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1")
  const port = url.port === "" ? (isSecure ? 443 : 80) : Number(url.port)
  let session: Buffer | undefined

  const secure = (onread: net.OnReadOpts) => {
    const options = {
      host,
      port,
      // Not in the types, but handed on to the socket.
      onread,
      ALPNProtocols: ["http/1.1"],
      ...(net.isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === undefined ? {} : { ca }),
      ...(session === undefined ? {} : { session })
    }
    return tls.connect(options).on("session", (latest) => (session = latest))
  }

  return {
    open: (onReady, onRead) => {
      const onread: net.OnReadOpts = {
        buffer,
        callback: (size) => {
          const bytes = Buffer.allocUnsafe(size)
          buffer.copy(bytes, 0, 0, size)
          onRead(bytes)
          return true
        }
      }
      const socket = isSecure ? secure(onread) : net.connect({ host, port, onread })
      const late = setTimeout(() => socket.destroy(new ConnectTimedOut({ after: timeout })), timeout)
      socket.once("close", () => clearTimeout(late))
      return socket.once(isSecure ? "secureConnect" : "connect", () => {
        clearTimeout(late)
        socket.setNoDelay(true).setKeepAlive(true, keepAliveDelay)
        onReady()
      })
    }
  }
}
