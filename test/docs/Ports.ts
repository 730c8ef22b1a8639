import * as net from "node:net"
import type { Page } from "./Snippets.js"

/** Free ports in the places of those that a page names. */
export interface Ports {
  /** The free port in the place of one that the page names. */
  readonly of: (named: string) => string | undefined
  /** A text of the page with the free ports. */
  readonly here: (text: string) => string
  /** What was printed, with the ports of the page. */
  readonly there: (printed: string) => string
  /** Whether one of the ports that a text of the page names is served by now. */
  readonly isServed: (text: string) => Promise<boolean>
}

const pattern = /((?:127\.0\.0\.1|localhost):|\bport: |--port[ =])(\d{4,5})\b/g

const namedIn = (text: string): ReadonlyArray<string> => [...text.matchAll(pattern)].map(([, , port = ""]) => port)

/** Finds a free port for each that a page names. */
export const make = async ({ snippets }: Page): Promise<Ports> => {
  const named = new Set(snippets.flatMap(({ text }) => namedIn(text)))
  const ports = new Map(await Promise.all([...named].map(async (port) => [port, await freePort()] as const)))
  return {
    of: (port) => ports.get(port),
    here: (text) => text.replace(pattern, (_, before: string, port: string) => `${before}${ports.get(port)}`),
    there: (printed) => [...ports].reduce((text, [port, free]) => text.replaceAll(`:${free}`, `:${port}`), printed),
    isServed: async (text) => {
      const open = await Promise.all(namedIn(text).map((port) => isOpen(Number(ports.get(port)))))
      return open.includes(true)
    }
  }
}

const freePort = (): Promise<string> =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? String(address.port) : ""))
    })
  })

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1", () => {
      socket.destroy()
      resolve(true)
    })
    socket.on("error", () => resolve(false))
  })
