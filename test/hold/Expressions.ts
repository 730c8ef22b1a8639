import * as fs from "node:fs"
import * as path from "node:path"
import * as vm from "node:vm"
import * as ts from "typescript"
import { growth, linear } from "./Growth.js"

/** A regular expression in the source; none for one that is made of what only the running program knows. */
export interface Found {
  readonly file: string
  readonly text: string
  readonly expression: RegExp | undefined
}

const source = new URL("../../src/", import.meta.url).pathname

/** Every regular expression in `src`. */
export const all = (): ReadonlyArray<Found> =>
  fs
    .readdirSync(source, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .sort()
    .flatMap((file) => inFile(file, fs.readFileSync(path.join(source, file), "utf8")))

const inFile = (file: string, code: string): ReadonlyArray<Found> => {
  const found: Array<Found> = []
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) found.push({ file, text: node.text, expression: literal(node.text) })
    const makes = ts.isNewExpression(node) || ts.isCallExpression(node)
    if (makes && node.expression.getText() === "RegExp")
      found.push({ file, text: node.getText(), expression: made(node.getText()) })
    node.forEachChild(visit)
  }
  visit(ts.createSourceFile(file, code, ts.ScriptTarget.Latest, true))
  return found
}

// What is put together from nothing but literals.
const made = (code: string): RegExp | undefined => {
  try {
    const parts: unknown = vm.runInNewContext(`const { flags, source } = ${code}; [source, flags]`, {})
    return Array.isArray(parts) ? new RegExp(String(parts[0]), String(parts[1])) : undefined
  } catch {
    return undefined
  }
}

const literal = (text: string): RegExp => {
  const end = text.lastIndexOf("/")
  return new RegExp(text.slice(1, end), text.slice(end + 1))
}

/** What a text is made of that makes an expression take longer than in proportion to it; undefined when nothing does. */
export const weakness = (expression: RegExp): string | undefined => {
  if (!isEndless(expression.source)) return undefined
  const anywhere = new RegExp(expression.source, `${expression.flags.replace("g", "")}g`)
  const run = (text: string) => text.replace(anywhere, "")
  for (const [before, unit, after] of families(expression.source)) {
    const of = (size: number) => before + unit.repeat(Math.ceil(size / unit.length)) + after
    if (takesLittle((size) => run(of(size)))) continue
    if (growth({ of, run, most: 2 ** 18 }) > linear) return JSON.stringify([before, unit, after])
  }
  return undefined
}

// Without an endless repetition a look from one place ends after so many steps, whatever the text is.
const isEndless = (pattern: string): boolean =>
  /[*+]|\{\d+,\}/.test(pattern.replace(/\\[^]|\[(?:\\[^]|[^\]\\])*\]/g, "a"))

const size = 2 ** 15

/** What is in proportion takes a tenth of it, and what is quadratic ten times as long, in ms of the processor. */
const little = 15

const takesLittle = (run: (size: number) => unknown): boolean => {
  // What takes longer than the square of the size would take minutes.
  if (millisOf(() => run(size / 8)) > little) return false
  for (let again = 0; again < 3; again++) {
    const took = millisOf(() => run(size))
    if (took < little || took > 10 * little) return took < little
  }
  return false
}

const millisOf = (run: () => unknown): number => {
  const start = process.cpuUsage()
  run()
  const { system, user } = process.cpuUsage(start)
  return (user + system) / 1_000
}

// A text in which something that the expression knows stands again and again, behind what may come before it, and ends as
// the expression does not expect it.
const families = function* (pattern: string): Generator<readonly [before: string, unit: string, after: string]> {
  const parts: Array<Array<ReadonlyArray<string>>> = [[]]
  for (const [each, structure] of pattern.matchAll(token)) {
    if (structure === undefined) parts.at(-1)?.push(samplesOf(each))
    else parts.push([])
  }
  const tokens = parts.flat()
  const words = parts.map((part) => part.map(([first = ""]) => first).join(""))
  const singles = tokens.flat()
  const classes = tokens.filter((samples) => samples.length > 1).flat()
  const units = new Set([...singles, ...words, ...classes.flatMap((each) => words.map((word) => each + word))])
  const befores = new Set([
    "",
    ...tokens.map((_, at) =>
      tokens
        .slice(0, at)
        .map(([first = ""]) => first)
        .join("")
    )
  ])
  units.delete("")
  for (const unit of units) for (const before of befores) for (const after of ["", "\0"]) yield [before, unit, after]
}

const token =
  /(\((?:\?(?:[:=!]|<[=!]|<\w+>))?|[)|])|\\(?:x[0-9a-f]{2}|[pP]\{\w+\}|u[0-9a-f]{4}|[^])|\[(?:\\[^]|[^\]\\])*\]|[^\\{}*+?^$]/g

const alphabet = [..." a1A-_=&;?<>/.,:!\t\n\0é\"'+%@~{}$"]

const samplesOf = (each: string): ReadonlyArray<string> => {
  if (/^\\[bB\d]$/.test(each)) return []
  const isOne = each.length > 1 || each === "."
  if (!isOne) return [each]
  const expression = new RegExp(`^${each}$`, /\\[pP]/.test(each) ? "u" : "")
  return alphabet.filter((character) => expression.test(character)).slice(0, 3)
}
