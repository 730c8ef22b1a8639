import * as fs from "node:fs"
import * as path from "node:path"
import ts from "typescript"

const root = new URL("../../", import.meta.url).pathname

/** A link of a page in `docs/` into the code: its text names what is declared in the lines that it leads to. */
export interface Place {
  /** The file, from the root of the repository. */
  readonly file: string
  readonly first: number
  readonly last: number
  /** What stands there: `name`, `File.name` as importers write it, or `Class.member`. */
  readonly names: ReadonlyArray<string>
}

const link = /\[([^\]]+)\]\(\.\.\/(src\/[^)#]+)#L(\d+)-L(\d+)\)/g

/** The links of a text into the code, in order. */
export const of = (markdown: string): ReadonlyArray<Place> =>
  [...markdown.matchAll(link)].map(([, text = "", file = "", first, last]) => ({
    file,
    first: Number(first),
    last: Number(last),
    names: namesIn(text)
  }))

/** The text with each link leading to the lines where what it names is declared now. */
export const fill = (markdown: string): string =>
  markdown.replaceAll(link, (_, text: string, file: string) => {
    const spans = namesIn(text).map((name) => spanOf(file, name))
    const first = Math.min(...spans.map((span) => span.first))
    const last = Math.max(...spans.map((span) => span.last))
    return `[${text}](../${file}#L${first}-L${last})`
  })

const namesIn = (text: string): ReadonlyArray<string> => [...text.matchAll(/`([\w.]+)`/g)].map(([, name = ""]) => name)

/** The lines of a declaration, its comment left out; throws where there is none. */
export const spanOf = (file: string, name: string): Pick<Place, "first" | "last"> => {
  const source = sourceOf(file)
  const [outer, member] = name.split(".")
  const own = member !== undefined && outer === path.basename(file, ".ts") ? inFile(source, member) : undefined
  const node = own ?? (member === undefined ? inFile(source, name) : inClass(inFile(source, outer), member))
  if (node === undefined) throw new Error(`${file} declares no ${name}`)
  const lineOf = (position: number) => source.getLineAndCharacterOfPosition(position).line + 1
  return { first: lineOf(node.getStart(source)), last: lineOf(node.getEnd()) }
}

const sourceOf = (file: string): ts.SourceFile =>
  ts.createSourceFile(file, fs.readFileSync(path.join(root, file), "utf8"), ts.ScriptTarget.ES2022, true)

const inFile = (source: ts.SourceFile, name: string | undefined): ts.Statement | undefined =>
  source.statements.find((statement) =>
    ts.isVariableStatement(statement)
      ? statement.declarationList.declarations.some((declaration) => declaration.name.getText(source) === name)
      : isNamed(statement) && statement.name?.text === name
  )

const isNamed = (statement: ts.Statement) =>
  ts.isFunctionDeclaration(statement) ||
  ts.isClassDeclaration(statement) ||
  ts.isInterfaceDeclaration(statement) ||
  ts.isTypeAliasDeclaration(statement)

const inClass = (statement: ts.Statement | undefined, member: string): ts.ClassElement | undefined =>
  statement !== undefined && ts.isClassDeclaration(statement)
    ? statement.members.find(({ name }) => name?.getText() === member)
    : undefined
