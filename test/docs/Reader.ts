import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Temp from "../support/Temp.js"
import * as Code from "./Code.js"
import * as Configs from "./Configs.js"
import * as Ports from "./Ports.js"
import * as Processes from "./Processes.js"
import * as SeededRecord from "./SeededRecord.js"
import type { Page, Snippet } from "./Snippets.js"

const root = new URL("../../", import.meta.url).pathname
const program = `${root}dist/bin/main.js`

/** Follows a page as a reader does, from its first block to its last, in one folder. */
export interface Reader {
  /** Does what a block is for; rejects when that does not come out as the page says. */
  readonly follow: (snippet: Snippet) => Promise<void>
}

/** Whether python3 is here, and can call the gateway. */
export const python: "runs" | "compiles" | "missing" =
  spawnSync("python3", ["-c", "import openai"]).status === 0
    ? "runs"
    : spawnSync("python3", ["--version"]).status === 0
      ? "compiles"
      : "missing"

// What is installed already needs no network, and `npm start` builds nothing here.
const npm = `#!/bin/sh
case "$1" in
  ci | install) ;;
  start) shift; [ "$1" = -- ] && shift; exec node "${program}" "$@" ;;
  *) echo "npm $*: not known here" >&2; exit 1 ;;
esac
`
const causeway = `#!/bin/sh\nexec node "${program}" "$@"\n`

// A reader would see that an answer is an error; a shell must be told.
const curlrc = "fail-with-body\nsilent\nshow-error\n"

/** A reader of this page, whose processes end with the scope. */
export const make = (page: Page): Effect.Effect<Reader, never, Scope.Scope> =>
  Effect.gen(function* () {
    const home = yield* Temp.directory
    const { app, clone } = furnish(home)
    yield* SeededRecord.write(`${clone}/record.db`, page)
    const ports = yield* Effect.promise(() => Ports.make(page))
    const variables = Configs.variables(page)
    const processes = yield* Processes.make(clone, {
      ...variables,
      PATH: [`${home}/bin`, path.dirname(process.execPath), process.env["PATH"]].join(":"),
      HOME: home,
      SERVER_PORT: ports.of("8000") ?? "0"
    })
    let printed = ""

    // The gateway of the quick start, on pages that take it for granted.
    const needGateway = async ([url = ""]: ReadonlyArray<string> = []): Promise<void> => {
      if (url !== "" && !(await ports.isServed(url)))
        await processes.serve(["node", program], () => Promise.resolve(false))
    }

    const start = async (command: ReadonlyArray<string>, { info, text }: Snippet): Promise<void> => {
      const serves = info.endsWith(" serves")
      if (!serves) await needGateway(/(127\.0\.0\.1|localhost):8000/.exec(text) ?? undefined)
      const output = await (serves ? processes.serve(command, () => ports.isServed(text)) : processes.run(command))
      printed = ports.there(output)
    }

    const follow = async (snippet: Snippet): Promise<void> => {
      const { info, text } = snippet
      const here = ports.here(text)
      if (info === "sh" || info === "sh serves") return start(["bash", "-e", "-c", here], snippet)
      if (Code.is(snippet)) return start(["node", Code.write(app, snippet, here)], snippet)
      if (info === "python" && python !== "missing") {
        fs.writeFileSync(`${app}/snippet.py`, here)
        const compile = python === "runs" ? [] : ["-m", "py_compile"]
        return start(["python3", ...compile, `${app}/snippet.py`], snippet)
      }
      if (info === "yaml") return Configs.follow(text, `${clone}/config.yaml`, variables)
      if (info === "json") return void JSON.parse(text)
      if (info === "output" && !plain(printed).includes(plain(text))) throw new Error(`It printed:\n${printed}`)
    }

    return { follow }
  })

// A home with a clone, an app that has installed the gateway, and the commands that a page may call.
const furnish = (home: string) => {
  const clone = `${home}/clone`
  const app = `${home}/app`
  for (const folder of [clone, `${home}/bin`]) fs.mkdirSync(folder)
  for (const name of ["config.yaml", "config.schema.json"]) fs.copyFileSync(`${root}${name}`, `${clone}/${name}`)
  fs.symlinkSync(`${root}dist`, `${clone}/dist`)
  fs.writeFileSync(`${home}/bin/npm`, npm, { mode: 0o755 })
  fs.writeFileSync(`${home}/bin/causeway`, causeway, { mode: 0o755 })
  fs.writeFileSync(`${home}/.curlrc`, curlrc)
  Code.install(app)
  return { app, clone }
}

// How long something took is never the same.
const plain = (text: string): string => text.replace(/\b\d+ ms\b/g, "0 ms").trim()
