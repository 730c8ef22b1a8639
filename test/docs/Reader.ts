import type { ChildProcess } from "node:child_process"
import { spawn, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as net from "node:net"
import * as path from "node:path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Temp from "../support/Temp.js"
import * as Code from "./Code.js"
import * as Configs from "./Configs.js"
import * as SeededRecord from "./SeededRecord.js"
import type { Page, Snippet } from "./Snippets.js"

const root = new URL("../../", import.meta.url).pathname

/** Follows a page as a reader does, from its first block to its last, in one folder and one shell. */
export class Reader extends Context.Tag("test/docs/Reader")<
  Reader,
  { readonly follow: (snippet: Snippet) => Effect.Effect<void> }
>() {}

/** Whether python3 is here, and can call the gateway. */
export const python: "runs" | "compiles" | "missing" =
  spawnSync("python3", ["-c", "import openai"]).status === 0
    ? "runs"
    : spawnSync("python3", ["--version"]).status === 0
      ? "compiles"
      : "missing"

/** How long a block may take, in ms. */
const patience = 15_000

// Where a page says a port, so that a free one can take its place.
const portPattern = /((?:127\.0\.0\.1|localhost):|\bport: |--port[ =])(\d{4,5})\b/g

// What is installed already needs no network, and `npm start` builds nothing here; curl fails as a reader would see it.
const npm = `#!/bin/sh
case "$1" in
  ci | install) ;;
  start) shift; [ "$1" = -- ] && shift; exec node "${root}dist/main.js" "$@" ;;
  *) echo "npm $*: not known here" >&2; exit 1 ;;
esac
`
const causeway = `#!/bin/sh\nexec node "${root}dist/main.js" "$@"\n`
const curlrc = "fail-with-body\nsilent\nshow-error\n"

const make = (page: Page): Effect.Effect<Context.Tag.Service<Reader>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const home = yield* Temp.directory
    const folder = `${home}/clone`
    const code = `${home}/app`
    for (const made of [folder, `${home}/bin`]) fs.mkdirSync(made)
    Code.install(code)
    for (const name of ["config.yaml", "config.schema.json"]) fs.copyFileSync(`${root}${name}`, `${folder}/${name}`)
    fs.symlinkSync(`${root}dist`, `${folder}/dist`)
    fs.writeFileSync(`${home}/bin/npm`, npm, { mode: 0o755 })
    fs.writeFileSync(`${home}/bin/causeway`, causeway, { mode: 0o755 })
    fs.writeFileSync(`${home}/.curlrc`, curlrc)
    yield* SeededRecord.write(`${folder}/record.db`, page)

    const ports = yield* Effect.promise(() => freePorts(page))
    const here = (text: string) =>
      text.replace(portPattern, (_, before: string, port: string) => before + ports.get(port))
    const there = (text: string) =>
      [...ports].reduce((all, [port, free]) => all.replaceAll(`:${free}`, `:${port}`), text)
    const env = {
      ...Configs.variables(page),
      PATH: [`${home}/bin`, path.dirname(process.execPath), process.env["PATH"]].join(":"),
      HOME: home,
      SERVER_PORT: ports.get("8000") ?? "0"
    }
    const running: Array<ChildProcess> = []
    yield* Effect.addFinalizer(() => Effect.promise(() => Promise.all(running.map(stop))))
    let printed = ""

    const start = (command: string, args: ReadonlyArray<string>) => {
      const child = spawn(command, args, { cwd: folder, env, detached: true, stdio: ["ignore", "pipe", "pipe"] })
      running.push(child)
      const output = { out: "", err: "" }
      child.stdout.on("data", (bytes: Buffer) => (output.out += bytes.toString()))
      child.stderr.on("data", (bytes: Buffer) => (output.err += bytes.toString()))
      const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
        child.on("close", (code, signal) => resolve(code ?? signal))
      )
      return { output, ended }
    }

    const run = async (command: string, args: ReadonlyArray<string>): Promise<void> => {
      const { ended, output } = start(command, args)
      const code = await Promise.race([ended, after(patience)])
      printed = there(output.out)
      if (code !== 0) throw new Error(`ended with ${code ?? "nothing, it still runs"}:\n${printed}${output.err}`)
    }

    // It serves when it says something, or when one of its ports opens.
    const serve = async (text: string, command: string, args: ReadonlyArray<string>): Promise<void> => {
      const { ended, output } = start(command, args)
      const own = [...text.matchAll(portPattern)].map(([, , port = ""]) => ports.get(port) ?? "")
      let code: number | NodeJS.Signals | null | undefined
      void ended.then((with_) => (code = with_))
      const until = performance.now() + patience
      while (output.out === "" && !(await anyOpen(own))) {
        if (code !== undefined || performance.now() > until) {
          throw new Error(`does not serve (${code ?? "still running"}):\n${output.out}${output.err}`)
        }
        await after(20)
      }
      printed = there(output.out)
    }

    // The gateway of the quick start, on pages that take it for granted.
    const needGateway = async (text: string): Promise<void> => {
      const port = ports.get("8000")
      if (!/(127\.0\.0\.1|localhost):8000/.test(text) || port === undefined || (await anyOpen([port]))) return
      await serve("", "node", [`${root}dist/main.js`])
    }

    const follow = async (snippet: Snippet): Promise<void> => {
      const { info, text } = snippet
      const [language = "", how = ""] = info.split(" ")
      const [command = "", ...args] = commandFor(language, snippet)
      switch (language) {
        case "yaml":
          return Configs.follow(text, `${folder}/config.yaml`, env)
        case "json":
          return void JSON.parse(text)
        case "output":
          if (!plain(printed).includes(plain(text))) throw new Error(`It printed:\n${printed}`)
          return
        case "text":
          return
      }
      if (how === "not-run") return
      if (how === "serves") return serve(text, command, args)
      await needGateway(text)
      await run(command, args)
    }

    const commandFor = (language: string, snippet: Snippet): ReadonlyArray<string> => {
      const text = here(snippet.text)
      if (language === "sh") return ["bash", "-e", "-c", text]
      if (Code.is(snippet)) return ["node", Code.write(code, snippet, text)]
      if (language !== "python") return []
      fs.writeFileSync(`${code}/snippet.py`, text)
      return ["python3", ...(python === "runs" ? [] : ["-m", "py_compile"]), `${code}/snippet.py`]
    }

    return Reader.of({ follow: (snippet) => Effect.promise(() => follow(snippet)) })
  })

/** A reader of this page. */
export const layer = (page: Page): Layer.Layer<Reader> => Layer.scoped(Reader, make(page))

// How long something took is never the same.
const plain = (text: string): string =>
  text
    .replace(/\x1b\[[\d;]*m/g, "")
    .replace(/\b\d+ ms\b/g, "0 ms")
    .trim()

const after = (ms: number): Promise<undefined> => new Promise((resolve) => setTimeout(() => resolve(undefined), ms))

const freePorts = async ({ snippets }: Page): Promise<ReadonlyMap<string, string>> => {
  const named = new Set(snippets.flatMap(({ text }) => [...text.matchAll(portPattern)].map(([, , port = ""]) => port)))
  const entries = await Promise.all([...named].map(async (port) => [port, await freePort()] as const))
  return new Map(entries)
}

const freePort = (): Promise<string> =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? String(address.port) : ""))
    })
  })

const anyOpen = async (ports: ReadonlyArray<string>): Promise<boolean> =>
  (await Promise.all(ports.map(isOpen))).includes(true)

const isOpen = (port: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect(Number(port), "127.0.0.1")
    socket.on("connect", () => {
      socket.destroy()
      resolve(true)
    })
    socket.on("error", () => resolve(false))
  })

// With all that it has started.
const stop = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return resolve()
    child.on("close", () => resolve())
    process.kill(-child.pid, "SIGKILL")
  })
