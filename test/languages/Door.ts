import * as net from "node:net"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** A port that is closed until it is opened, and then leads to another one. */
export interface Door {
  readonly port: number
  /** Opens it when this time has passed, in ms. */
  readonly openAfter: (ms: number) => void
  readonly close: () => void
}

/** A door to this port; it closes with the scope. */
export const make = (to: number): Effect.Effect<Door, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async (): Promise<Door> => {
      const port = await freePort()
      const open = new Set<net.Socket>()
      const server = net.createServer((caller) => {
        const backend = net.connect(to, "127.0.0.1")
        for (const socket of [caller, backend]) {
          open.add(socket)
          socket.on("close", () => open.delete(socket))
          socket.on("error", () => {
            caller.destroy()
            backend.destroy()
          })
        }
        caller.pipe(backend).pipe(caller)
      })
      let timer: NodeJS.Timeout | undefined
      return {
        port,
        openAfter: (ms) => {
          timer = setTimeout(() => server.listen(port, "127.0.0.1"), ms)
        },
        close: () => {
          clearTimeout(timer)
          server.close()
          for (const socket of open) socket.destroy()
        }
      }
    }),
    ({ close }) => Effect.sync(close)
  )

/** A port that nobody listens at, below those that the system gives to whoever asks for any. */
const freePort = async (): Promise<number> => {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000)
    if (await isFree(port)) return port
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = net.createServer()
    server.on("error", () => resolve(false))
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)))
  })
