import * as fs from "node:fs"
import * as path from "node:path"
import * as Schema from "effect/Schema"
import * as Prettier from "prettier"
import ts from "typescript"

const root = new URL("..", import.meta.url).pathname

/** What an entry of the package exports under one name: a value, a type, or both. */
export interface Item {
  readonly name: string
  /** Its first comment, without the tags. */
  readonly description: string
  /** What kind of thing it is, such as `layers`; "" where its comment has no `@category`. */
  readonly category: string
  /** The version that it came with; "" where its comment has no `@since`. */
  readonly since: string
  /** Blocks of code. */
  readonly examples: ReadonlyArray<string>
  /** Its declarations, as a reader of the types sees them. */
  readonly signatures: ReadonlyArray<string>
}

/** A module of the package, under each of its names. */
export interface Entry {
  readonly names: ReadonlyArray<string>
  readonly items: ReadonlyArray<Item>
  /** The entries that it exports as namespaces. */
  readonly namespaces: ReadonlyArray<string>
}

const Package = Schema.parseJson(
  Schema.Struct({
    exports: Schema.Record({
      key: Schema.String,
      value: Schema.Union(Schema.String, Schema.Struct({ types: Schema.String, default: Schema.String }))
    })
  })
)

/** What the package exports, from the declarations that were built. */
export const entries = (): ReadonlyArray<Entry> => {
  const named = byDeclarations()
  const program = ts.createProgram({ rootNames: [...named.keys()], options: { noLib: true, types: [] }, host: ownHost })
  const checker = program.getTypeChecker()
  return [...named].map(([file, names]) => {
    const module = checker.getSymbolAtLocation(sourceIn(program, file))
    const exported = module === undefined ? [] : checker.getExportsOfModule(module)
    const resolved = exported.map((symbol) => ({ symbol, target: targetOf(checker, symbol) }))
    return {
      names,
      items: resolved
        .filter(({ target }) => !isModule(target))
        .map(({ symbol, target }) => itemOf(symbol.name, target, isTypeOnly(symbol)))
        .filter(({ signatures }) => signatures.length > 0),
      namespaces: resolved.filter(({ target }) => isModule(target)).map(({ symbol }) => symbol.name)
    }
  })
}

/** The page of each entry, and the one that leads to them, by their names in `docs/api/`. */
export const pages = async (all: ReadonlyArray<Entry>): Promise<ReadonlyMap<string, string>> => {
  const found = new Map([["README.md", index(all)]])
  for (const entry of all) found.set(fileOf(entry), await page(entry))
  return found
}

const byDeclarations = (): ReadonlyMap<string, ReadonlyArray<string>> => {
  const { exports } = Schema.decodeUnknownSync(Package)(fs.readFileSync(`${root}package.json`, "utf8"))
  const named = new Map<string, Array<string>>()
  for (const [entry, target] of Object.entries(exports)) {
    if (typeof target === "string") continue
    const file = path.join(root, target.types)
    const names = named.get(file) ?? []
    named.set(file, [...names, entry.replace(/^\./, "causeway")])
  }
  return named
}

// Only our own declarations are read: what others' types are is not asked.
const ownHost: ts.CompilerHost = {
  ...ts.createCompilerHost({}),
  resolveModuleNameLiterals: (literals, containing) =>
    literals.map(({ text }) => ({
      resolvedModule: text.startsWith(".")
        ? {
            resolvedFileName: path.join(path.dirname(containing), text.replace(/\.js$/, ".d.ts")),
            extension: ts.Extension.Dts
          }
        : undefined
    }))
}

const sourceIn = (program: ts.Program, file: string): ts.SourceFile => {
  const source = program.getSourceFile(file)
  if (source === undefined) throw new Error(`${file} has not been built`)
  return source
}

const targetOf = (checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol =>
  (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol)

const isTypeOnly = (symbol: ts.Symbol): boolean =>
  (symbol.declarations ?? []).some(ts.isTypeOnlyImportOrExportDeclaration)

const isModule = (symbol: ts.Symbol): boolean => (symbol.flags & ts.SymbolFlags.ValueModule) !== 0

const itemOf = (name: string, symbol: ts.Symbol, isTypeOnly: boolean): Item => {
  const statements = (symbol.declarations ?? [])
    .map(statementOf)
    .filter((it) => !isTypeOnly || !ts.isVariableStatement(it))
  const comments = statements.flatMap((statement) => ts.getJSDocCommentsAndTags(statement)).filter(ts.isJSDoc)
  const tags = comments.flatMap((comment) => comment.tags ?? [])
  const told = (tag: string) => tags.filter(({ tagName }) => tagName.text === tag).map(({ comment }) => textOf(comment))
  const described = comments.map(({ comment }) => textOf(comment)).find((text) => text !== "") ?? ""
  return {
    name,
    description: name === symbol.name ? described : `Another name of \`${symbol.name}\`.`,
    category: told("category")[0] ?? "",
    since: told("since")[0] ?? "",
    examples: told("example").map((text) => text.replace(/^```ts\n|\n```$/g, "")),
    signatures: statements.map(signatureOf)
  }
}

const statementOf = (declaration: ts.Declaration): ts.Node =>
  ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration

const textOf = (comment: ts.JSDoc["comment"]): string =>
  (ts.getTextOfJSDocComment(comment) ?? "").replaceAll(/\{@link (\S+?)\}/g, "`$1`").trim()

// Of a class the compiler declares a base whose name nobody knows: what a reader wants of it is in the source.
const signatureOf = (statement: ts.Node): string =>
  ts.isClassDeclaration(statement)
    ? classSignature(statement)
    : declarationOf(statement).replace(/^export (?:declare )?/, (start) =>
        start.includes("declare") ? "declare " : ""
      )

// A type that the compiler has inferred has the members of a union, and the fields of an object, in an order that depends
// on what it had read before, and so on which files it built anew. What a person has declared stays as it is.
const declarationOf = (statement: ts.Node): string =>
  ts.isVariableStatement(statement) || ts.isVariableDeclarationList(statement) || ts.isFunctionDeclaration(statement)
    ? sorted(statement)
    : statement.getText()

const sorted = (node: ts.Node): string => {
  if (ts.isUnionTypeNode(node)) return node.types.map(sorted).sort(byRank).join(" | ")
  if (ts.isTypeLiteralNode(node)) {
    const fields = node.members.filter(ts.isPropertySignature)
    const inOrder = fields.sort((a, b) => compare(a.name.getText(), b.name.getText()))
    // Those of an object that is written in the code may be changed, and have its order.
    const isInferred = fields.length === node.members.length && fields.every(isReadonly)
    if (isInferred) return `{ ${inOrder.map((field) => commented(field)).join("\n")} }`
  }
  const text = node.getSourceFile().text
  let written = ""
  let end = node.getStart()
  ts.forEachChild(node, (child) => {
    written += text.slice(end, child.getStart()) + sorted(child)
    end = child.getEnd()
  })
  return written + text.slice(end, node.getEnd())
}

// What stands for nothing comes last, as people write it.
const byRank = (a: string, b: string): number => Number(isNothing(a)) - Number(isNothing(b)) || compare(a, b)

const compare = (a: string, b: string): number => (a < b ? -1 : a === b ? 0 : 1)

const isReadonly = (field: ts.PropertySignature): boolean =>
  field.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ReadonlyKeyword) ?? false

const commented = (node: ts.Node): string => {
  const comment = node
    .getFullText()
    .slice(0, node.getStart() - node.getFullStart())
    .trim()
  return comment === "" ? sorted(node) : `${comment}\n${sorted(node)}`
}

const isNothing = (type: string): boolean => type === "null" || type === "undefined"

const classSignature = (declared: ts.ClassDeclaration): string => {
  const file = declared
    .getSourceFile()
    .fileName.replace(`${root}dist/`, `${root}src/`)
    .replace(/\.d\.ts$/, ".ts")
  const source = ts.createSourceFile(file, fs.readFileSync(file, "utf8"), ts.ScriptTarget.ES2022, true)
  const found = source.statements.find(
    (statement) => ts.isClassDeclaration(statement) && statement.name?.text === declared.name?.text
  )
  if (found === undefined || !ts.isClassDeclaration(found)) return declared.getText()
  const heritage = (found.heritageClauses ?? []).map((clause) => ` ${clause.getText(source)}`).join("")
  return `declare class ${found.name?.text ?? ""}${heritage} {}`
}

const nameOf = ({ names: [name = ""] }: Entry): string => name

const fileOf = (entry: Entry): string => `${nameOf(entry).replace(/^causeway\//, "")}.md`

const index = (all: ReadonlyArray<Entry>): string =>
  [
    "# The API",
    "What each entry of the package exports, from the comments and types of its code. [Embedding](../embedding.md) says what it is for.",
    ["| entry | exports |", "|---|---|", ...all.map(row)].join("\n"),
    ""
  ].join("\n\n")

const row = (entry: Entry): string => {
  const links = entry.items.map(({ name }) => `[\`${name}\`](${fileOf(entry)}#${anchor(name)})`)
  const names = entry.names.map((name) => `\`${name}\``).join(", ")
  return `| [${names}](${fileOf(entry)}) | ${links.join(", ")} |`
}

const anchor = (name: string): string => name.toLowerCase()

const page = async (entry: Entry): Promise<string> => {
  const categories = [...new Set(entry.items.map(({ category }) => category))]
  const parts = [`# ${entry.names.join(", ")}`]
  if (entry.namespaces.length > 0) {
    const links = entry.namespaces.map((name) =>
      name === "Gateway" ? `\`${name}\` (all of this page)` : `[\`${name}\`](${name}.md)`
    )
    parts.push(`The other entries are exported by their names, too: ${links.join(", ")}.`)
  }
  for (const category of categories) {
    parts.push(`## ${category}`)
    for (const item of entry.items.filter((each) => each.category === category)) parts.push(await section(item))
  }
  return `${parts.join("\n\n")}\n`
}

const section = async ({ description, examples, name, signatures, since }: Item): Promise<string> => {
  const formatted = await Promise.all(signatures.map(format))
  return [
    `### ${name}`,
    description,
    block("ts signature", formatted.join("\n")),
    ...examples.map((example) => block("ts", example)),
    `Since ${since}.`
  ].join("\n\n")
}

const block = (info: string, code: string): string => `\`\`\`${info}\n${code}\n\`\`\``

const format = async (code: string): Promise<string> => {
  const options = await Prettier.resolveConfig(`${root}package.json`)
  return (await Prettier.format(code, { ...options, parser: "typescript" })).trimEnd()
}
