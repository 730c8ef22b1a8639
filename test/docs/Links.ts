import * as fs from "node:fs"
import * as path from "node:path"
import type { Page } from "./Snippets.js"

const root = new URL("../../", import.meta.url).pathname

/** Every page of the repository whose links lead somewhere. */
export const pages = (): ReadonlyArray<Pick<Page, "markdown" | "name">> =>
  [".", "bench", ...foldersBelow("docs")]
    .flatMap((folder) => fs.readdirSync(`${root}${folder}`).map((name) => path.join(folder, name)))
    .filter((name) => name.endsWith(".md"))
    .map((name) => ({ name, markdown: fs.readFileSync(`${root}${name}`, "utf8") }))

const foldersBelow = (folder: string): ReadonlyArray<string> => [
  folder,
  ...fs
    .readdirSync(`${root}${folder}`, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => foldersBelow(`${folder}/${name}`))
]

/** The links of a page, to files of this repository, that lead to no file or to no heading. */
export const broken = ({ markdown, name }: Pick<Page, "markdown" | "name">): ReadonlyArray<string> =>
  [...markdown.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = ""]) => link)
    .filter((link) => !/^[a-z]+:/.test(link) && !leadsSomewhere(name, link))
    .map((link) => `${name}: ${link}`)

const leadsSomewhere = (page: string, link: string): boolean => {
  const [file = "", anchor] = link.split("#")
  const target = file === "" ? `${root}${page}` : path.join(root, path.dirname(page), file)
  if (!target.startsWith(root) || !fs.existsSync(target)) return false
  if (anchor === undefined) return true
  const text = fs.readFileSync(target, "utf8")
  const lines = /^L(\d+)(?:-L(\d+))?$/.exec(anchor)
  return lines === null ? anchorsOf(text).includes(anchor) : isWithin(text, lines)
}

const isWithin = (text: string, [, first, last = first]: ReadonlyArray<string | undefined>): boolean =>
  Number(first) >= 1 && Number(first) <= Number(last) && Number(last) <= text.split("\n").length

// As GitHub makes them of headings.
const anchorsOf = (markdown: string): ReadonlyArray<string> =>
  headingsOf(markdown).map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-")
  )

const headingsOf = (markdown: string): ReadonlyArray<string> =>
  [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => heading)

/** The numbers of the sections of a page. */
export const sectionsOf = (markdown: string): ReadonlySet<string> =>
  new Set(headingsOf(markdown).map((heading) => /^\d+(?:\.\d+)?/.exec(heading)?.[0] ?? ""))

/** The source files below a folder, with their text. */
export const sources = (folder: string): ReadonlyArray<Pick<Page, "markdown" | "name">> =>
  foldersBelow(folder)
    .filter((each) => !each.includes("node_modules"))
    .flatMap((each) => fs.readdirSync(`${root}${each}`).map((name) => `${each}/${name}`))
    .filter((name) => /\.(ts|mjs|js)$/.test(name))
    .map((name) => ({ name, markdown: fs.readFileSync(`${root}${name}`, "utf8") }))

/** The documents, known by their names in capitals, that a source file cites and that are not in the repository. */
export const missing = ({ markdown, name }: Pick<Page, "markdown" | "name">): ReadonlyArray<string> =>
  [...markdown.matchAll(/(?:[\w.-]+\/)*\b[A-Z][A-Z0-9_-]*\.md\b/g)]
    .map(([document]) => document.replace(/^(?:\.\.?\/)+/, ""))
    .filter((document) => !fs.existsSync(path.join(root, document)))
    .map((document) => `${name}: ${document}`)
