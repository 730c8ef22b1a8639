import { spawn } from "node:child_process"
import * as readline from "node:readline"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { Seen, Task } from "./Seen.js"
import { Reply } from "./Seen.js"

/** A program in another language that asks what it is told to, as many at once as it is told. */
export interface Program {
  /** Fails where there is no answer within this time, in ms. */
  readonly ask: (task: Task, limit?: number) => Promise<Seen>
  readonly stop: () => void
}

interface Waiting {
  readonly resolve: (seen: Seen) => void
  readonly reject: (error: Error) => void
}

/** Longer than any client waits and asks again, in ms. */
const patience = 90_000

/** Starts a program by its command line; what waits for it fails when it dies. */
export const start = ([command = "", ...args]: ReadonlyArray<string>): Program => {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] })
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
  child.on("exit", (code) => die(`the program ended with ${code}`))
  child.stdin.on("error", () => {})
  readline.createInterface({ input: child.stdout }).on("line", (line) => {
    const reply = Schema.decodeUnknownEither(Reply)(line)
    if (Either.isLeft(reply)) return die(`the program said ${line.slice(0, 200)}: ${reply.left.message}`)
    const { crash, id, seen } = reply.right
    const one = waiting.get(id)
    waiting.delete(id)
    if (seen === undefined) one?.reject(new Error(crash))
    else one?.resolve(seen)
  })
  return {
    ask: (task, limit = patience) =>
      new Promise((resolve, reject) => {
        if (dead !== undefined) return reject(dead)
        const id = count++
        const late = setTimeout(() => {
          waiting.delete(id)
          reject(new Error(`no answer within ${limit} ms`))
        }, limit)
        const settled =
          <A>(settle: (value: A) => void) =>
          (value: A) => {
            clearTimeout(late)
            settle(value)
          }
        waiting.set(id, { resolve: settled(resolve), reject: settled(reject) })
        child.stdin.write(`${JSON.stringify({ id, ...task })}\n`)
      }),
    stop: () => void child.kill()
  }
}
