import * as fs from "node:fs"

/** A fenced block of a page. */
export interface Snippet {
  readonly page: string
  /** The line of the page that its fence opens on. */
  readonly line: number
  /** What its info string says: a language and, after a space, how it is followed. */
  readonly info: string
  readonly text: string
}

/** A page of the documentation. */
export interface Page {
  readonly name: string
  readonly markdown: string
  readonly snippets: ReadonlyArray<Snippet>
}

const root = new URL("../../", import.meta.url)

/** How a block may be followed, by its info string. */
export const meanings: Readonly<Record<string, string>> = {
  sh: "runs, and ends with 0",
  "sh serves": "runs until its page has been read",
  "sh not-run": "cannot be run here",
  output: "is what the block before prints, or a part of it",
  js: "type-checks, runs, and ends with 0",
  "js serves": "type-checks, and runs until its page has been read",
  ts: "type-checks, runs, and ends with 0",
  "ts serves": "type-checks, and runs until its page has been read",
  python: "runs, or at least compiles where python3 has no openai",
  yaml: "is a configuration, backends of one, or sections of one",
  json: "is JSON",
  text: "is read, not run"
}

/** README.md and every page of docs/, whoever adds one. */
export const pages = (): ReadonlyArray<Page> =>
  ["README.md", ...fs.readdirSync(new URL("docs", root)).map((name) => `docs/${name}`)]
    .filter((name) => name.endsWith(".md"))
    .map((name) => parse(name, fs.readFileSync(new URL(name, root), "utf8")))

/** The blocks of a page, in order. */
export const parse = (name: string, markdown: string): Page => {
  const snippets: Array<Snippet> = []
  let open:
    { readonly fence: string; readonly indent: number; readonly info: string; readonly line: number } | undefined
  let lines: Array<string> = []
  for (const [index, line] of markdown.split("\n").entries()) {
    const [, indent = "", fence, info = ""] = /^(\s*)(`{3,}|~{3,})\s*([^`]*?)\s*$/.exec(line) ?? []
    if (open === undefined) {
      if (fence !== undefined) open = { fence, indent: indent.length, info, line: index + 1 }
      lines = []
    } else if (fence?.startsWith(open.fence) === true && info === "") {
      snippets.push({ page: name, line: open.line, info: open.info, text: lines.join("\n") })
      open = undefined
    } else {
      lines.push(line.slice(open.indent))
    }
  }
  if (open !== undefined) throw new Error(`${name}:${open.line}: a block without an end`)
  return { name, markdown, snippets }
}

/** The blocks that nobody could follow, because they do not say what they are. */
export const unmarked = ({ snippets }: Page): ReadonlyArray<string> =>
  snippets
    .filter(({ info }) => !Object.hasOwn(meanings, info))
    .map(({ info, line, page }) => `${page}:${line}: "${info}" is none of: ${Object.keys(meanings).join(", ")}`)

/** Where a block stands. */
export const placeOf = ({ line, page }: Snippet): string => `${page}:${line}`
