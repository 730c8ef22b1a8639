import * as fs from "node:fs"
import * as path from "node:path"
import type { Page } from "./Snippets.js"

const root = new URL("../../", import.meta.url).pathname

/** The links of a page, to files of this repository, that lead to no file or to no heading. */
export const broken = ({ markdown, name }: Page): ReadonlyArray<string> =>
  [...markdown.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = ""]) => link)
    .filter((link) => !/^[a-z]+:/.test(link) && !leadsSomewhere(name, link))
    .map((link) => `${name}: ${link}`)

const leadsSomewhere = (page: string, link: string): boolean => {
  const [file = "", anchor] = link.split("#")
  const target = file === "" ? `${root}${page}` : path.join(root, path.dirname(page), file)
  if (!fs.existsSync(target)) return false
  return anchor === undefined || anchorsOf(fs.readFileSync(target, "utf8")).includes(anchor)
}

// As GitHub makes them of headings.
const anchorsOf = (markdown: string): ReadonlyArray<string> =>
  [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-")
  )
