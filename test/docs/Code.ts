import * as fs from "node:fs"
import ts from "typescript"
import type { Snippet } from "./Snippets.js"
import * as Snippets from "./Snippets.js"

const root = new URL("../../", import.meta.url).pathname

const target = ts.ScriptTarget.ES2022

const options: ts.CompilerOptions = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  target,
  lib: ["lib.es2023.d.ts"],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: ["node"],
  allowJs: true,
  checkJs: true,
  skipLibCheck: true,
  noEmit: true
}

/** Makes of a folder a project of a reader's that has installed the gateway as it was built, and the official client. */
export const install = (folder: string): void => {
  fs.mkdirSync(`${folder}/node_modules`, { recursive: true })
  fs.writeFileSync(`${folder}/package.json`, JSON.stringify({ type: "module" }))
  fs.symlinkSync(root, `${folder}/node_modules/causeway`)
  for (const name of ["effect", "@effect", "@types", "openai"]) {
    fs.symlinkSync(`${root}node_modules/${name}`, `${folder}/node_modules/${name}`)
  }
}

/** Whether a block is code for Node. */
export const is = ({ info }: Snippet): boolean => /^(js|ts)( |$)/.test(info)

/** Writes a block as it is, or as it is on other ports, and a form of it that Node runs; the result is that one's path. */
export const write = (folder: string, snippet: Snippet, text = snippet.text): string => {
  const source = sourcePath(folder, snippet)
  fs.writeFileSync(source, text)
  if (source.endsWith(".js")) return source
  const runnable = source.replace(/\.ts$/, ".mjs")
  const { outputText } = ts.transpileModule(text, { compilerOptions: { target, module: ts.ModuleKind.ESNext } })
  fs.writeFileSync(runnable, outputText)
  return runnable
}

/** What the compiler has against these blocks, with their places; it knows the gateway by its built declarations. */
export const typeErrors = (folder: string, snippets: ReadonlyArray<Snippet>): ReadonlyArray<string> => {
  const byPath = new Map(snippets.map((snippet) => [sourcePath(folder, snippet), snippet]))
  for (const snippet of snippets) write(folder, snippet)
  const program = ts.createProgram({ rootNames: [...byPath.keys()], options })
  return ts.getPreEmitDiagnostics(program).map(({ code, file, messageText, start }) => {
    const text = `TS${code}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`
    const snippet = file === undefined ? undefined : byPath.get(file.fileName)
    if (file === undefined || snippet === undefined) return `${file?.fileName ?? "the program"}: ${text}`
    const { line } = file.getLineAndCharacterOfPosition(start ?? 0)
    return `${snippet.page}:${snippet.line + 1 + line}: ${text}`
  })
}

const sourcePath = (folder: string, snippet: Snippet): string =>
  `${folder}/${Snippets.placeOf(snippet).replace(/\W/g, "-")}.${snippet.info.slice(0, 2)}`
