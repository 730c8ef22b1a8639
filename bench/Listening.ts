import type { Server } from "node:http"

/** Makes a server listen on a port of this machine, 0 for any free one; resolves with its `base_url`. */
export const on = (server: Server, port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    server.on("error", reject)
    server.keepAliveTimeout = 75_000
    server.listen({ port, host: "127.0.0.1", backlog: 4096 }, () => {
      const address = server.address()
      resolve(`http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : port}/v1`)
    })
  })
