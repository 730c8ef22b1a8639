import { spawn } from "node:child_process"
import * as readline from "node:readline"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"

/** A program that does what it is told to, as many tasks at once as it is told: each is a line of JSON, and so is its reply. */
export interface Driver<Task, Seen> {
  /** Fails where there is no reply within this time, in ms. */
  readonly ask: (task: Task, limit?: number) => Promise<Seen>
  readonly stop: () => void
}

/** What it replies: what it saw, or why it saw nothing. */
export type Reply<Seen> = Schema.Schema<
  { readonly id: number; readonly seen?: Seen | undefined; readonly crash?: string | undefined },
  string
>

interface Waiting<Seen> {
  readonly resolve: (seen: Seen) => void
  readonly reject: (error: Error) => void
}

/** Starts one by its command line, to be waited for so many ms; what waits for it fails when it dies. */
export const start = <Task extends object, Seen>(
  [command = "", ...args]: ReadonlyArray<string>,
  replies: Reply<Seen>,
  patience: number
): Driver<Task, Seen> => {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] })
  const waiting = new Map<number, Waiting<Seen>>()
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
    const reply = Schema.decodeUnknownEither(replies)(line)
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
