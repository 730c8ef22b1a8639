import { spawn } from "node:child_process"
import * as readline from "node:readline"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { Read } from "./Matrix.js"
import type { Seen } from "./Normal.js"
import { Reply } from "./Normal.js"

/** A client in a process of its own. */
export interface Client {
  readonly read: Read
  readonly stop: () => void
}

interface Waiting {
  readonly resolve: (seen: Seen) => void
  readonly reject: (error: Error) => void
}

/** Longer than any shape takes. */
const limit = 20_000

/** Starts a driver with this Node; what it waits for fails when it dies. */
export const start = (node: string, driver: URL): Client => {
  const child = spawn(node, [driver.pathname], { stdio: ["pipe", "pipe", "pipe"] })
  const waiting = new Map<number, Waiting>()
  let count = 0
  let complaint = ""
  let dead: Error | undefined
  child.stderr.on("data", (bytes: Buffer) => (complaint = `${complaint}${bytes.toString()}`.slice(-2_000)))
  const die = (reason: string): void => {
    dead ??= new Error(`${reason}\n${complaint}`)
    for (const { reject } of waiting.values()) reject(dead)
    waiting.clear()
  }
  child.on("error", (error) => die(error.message))
  child.on("exit", (code) => die(`the driver ended with ${code}`))
  child.stdin.on("error", () => {})
  readline.createInterface({ input: child.stdout }).on("line", (line) => {
    const reply = Schema.decodeUnknownEither(Reply)(line)
    if (Either.isLeft(reply)) return die(`the driver said ${line.slice(0, 200)}: ${reply.left.message}`)
    const { crash, id, seen } = reply.right
    const one = waiting.get(id)
    waiting.delete(id)
    if (seen === undefined) one?.reject(new Error(crash))
    else one?.resolve(seen)
  })
  return {
    read: (task) =>
      new Promise((resolve, reject) => {
        if (dead !== undefined) return reject(dead)
        const id = count++
        const late = setTimeout(() => {
          waiting.delete(id)
          reject(new Error(`no answer within ${limit} ms`))
        }, limit)
        waiting.set(id, {
          resolve: (seen) => {
            clearTimeout(late)
            resolve(seen)
          },
          reject: (error) => {
            clearTimeout(late)
            reject(error)
          }
        })
        child.stdin.write(`${JSON.stringify({ id, ...task })}\n`)
      }),
    stop: () => void child.kill()
  }
}
