import * as net from "node:net"
import * as tls from "node:tls"
import * as AddressOrder from "./AddressOrder.js"
import * as Dial from "./Dial.js"
import * as Names from "./Names.js"

/** How one server is connected to. */
export interface Options {
  /** `http:` or `https:`; what of it is a host is no more than a name where there is a `socketPath`. */
  readonly url: URL
  /** How long it may take until there is a connection, with TLS where it is asked for, in ms. */
  readonly timeout: number
  /** The path of a Unix socket to connect to. */
  readonly socketPath?: string | undefined
  /** Whom to trust in TLS and as whom to speak, asked for each connection; Node's own choice where there is none. */
  readonly secureContext?: (() => tls.SecureContext | Error) | undefined
  readonly names?: Names.Names
}

/** Makes connections to one server. */
export interface Connector {
  readonly open: (listener: Dial.Listener) => Dial.Dial
}

/**
 * After so long a silence TCP looks whether the other side is still there, in ms; libuv has it do so once a second, and
 * give up after ten times.
 */
export const keepAliveDelay = 15_000

// One for all sockets, as they are read one after the other; each read is copied out of it.
const buffer = Buffer.allocUnsafeSlow(64 * 1024)

/** A connector, which goes on with the TLS session that it had last. */
export const make = ({ names = Names.shared, secureContext, socketPath, timeout, url }: Options): Connector => {
  const isSecure = url.protocol === "https:"
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1")
  const port = url.port === "" ? (isSecure ? 443 : 80) : Number(url.port)
  const order = AddressOrder.make(port)
  const find = (told: Names.Told) =>
    socketPath === undefined ? names.find(host, told) : Names.answer(told, [{ address: socketPath, family: 0 }])
  let session: Buffer | undefined

  const secure = (place: net.TcpNetConnectOpts | net.IpcNetConnectOpts, onread: net.OnReadOpts) => {
    const context = secureContext?.()
    if (context instanceof Error) return context
    const options = {
      ...place,
      // Not in the types, but handed on to the socket.
      onread,
      ALPNProtocols: ["http/1.1"],
      ...(net.isIP(host) === 0 ? { servername: host } : {}),
      ...(context === undefined ? {} : { secureContext: context }),
      ...(session === undefined ? {} : { session })
    }
    return tls.connect(options).on("session", (latest) => (session = latest))
  }

  return {
    open: (listener) => {
      const onread: net.OnReadOpts = {
        buffer,
        callback: (size) => {
          const bytes = Buffer.allocUnsafe(size)
          buffer.copy(bytes, 0, 0, size)
          listener.onRead(bytes)
          return true
        }
      }
      const connect = ({ address }: Names.Address) => {
        const place = socketPath === undefined ? { host: address, port } : { path: socketPath }
        return isSecure ? secure(place, onread) : net.connect({ ...place, onread })
      }
      return Dial.begin({ connect, find, order, timeout, isSecure }, listener)
    }
  }
}
