import { dirname } from "node:path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Yaml from "yaml"
import type { ConfigIssue } from "../domain/schema/ConfigIssue.js"
import { isSecret } from "../domain/schema/ConfigIssue.js"
import { ConfigInvalid, ConfigMalformed, ConfigUnreadable, reasonOf } from "../domain/failure/Failure.js"
import type { PlacedIssue } from "../domain/failure/Failure.js"
import * as GatewayConfig from "../domain/config/GatewayConfig.js"
import * as BoundedFile from "./BoundedFile.js"
import * as ExactNumbers from "./ExactNumbers.js"
import * as Interpolation from "./Interpolation.js"
import * as KeyFiles from "./KeyFiles.js"
import * as PlainKeys from "./PlainKeys.js"
import * as Surroundings from "./Surroundings.js"

/** A configuration with what only its text tells. */
export interface Opened {
  readonly config: GatewayConfig.GatewayConfig
  /** What is not wrong but may not be meant: defaults of variables that were taken, keys in plain text. */
  readonly remarks: ReadonlyArray<ConfigIssue>
  /** An issue with the line and column where it can be mended. */
  readonly place: (issue: ConfigIssue) => PlacedIssue
}

/** A configuration file may be this large, in bytes. */
const mostText = 1024 ** 2

/** Reads, interpolates and decodes a configuration file; every problem comes with its line and column. */
export const load = (path: string) => Effect.map(open(path), ({ config }) => config)

/** As {@link load}, with what only the text tells; `onKeyFiles` hears which other files were read for it, or could not be. */
export const open = Effect.fnUntraced(function* (
  path: string,
  onKeyFiles: (files: ReadonlyArray<string>) => void = () => {}
) {
  const text = yield* Effect.mapError(
    BoundedFile.read(path, mostText),
    (cause) => new ConfigUnreadable({ path, cause })
  )
  const withKeys = (plain: unknown) =>
    Effect.tap(KeyFiles.fill(plain, dirname(path)), ({ files }) => Effect.sync(() => onKeyFiles(files)))
  return yield* read(path, text, withKeys)
})

/** Decodes the text of a configuration file; `path` names it in the failures. */
export const parse = (path: string, text: string) =>
  Effect.map(
    read(path, text, (plain) => Effect.succeed({ plain, issues: KeyFiles.unread(plain) })),
    ({ config }) => config
  )

const read = Effect.fnUntraced(function* <R>(
  path: string,
  text: string,
  withKeys: (plain: unknown) => Effect.Effect<Pick<KeyFiles.Filled, "plain" | "issues">, never, R>
) {
  const lines = new Yaml.LineCounter()
  const malformed = (offset: number, reason: string) => {
    const { col: column, line } = lines.linePos(offset)
    return new ConfigMalformed({ path, line, column, reason })
  }
  const document = Yaml.parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false })
  const [error] = document.errors
  if (error !== undefined) return yield* malformed(error.pos[0], withoutSource(error.message))
  const plainKeys = PlainKeys.find(document)
  const { defaulted, unset } = yield* Interpolation.run(document)
  const plain = yield* Effect.try({
    try: () => ExactNumbers.toJS(document),
    catch: (cause) => {
      const { offset, path } = danglingAlias(document)
      const reason = isBomb(cause) ? tooManyAliases : reasonOf(cause)
      return malformed(offset, isSecret(path) ? withoutSource(reason) : reason)
    }
  })
  const filled = yield* withKeys(plain)
  const written = GatewayConfig.decode(filled.plain)
  const decoded = Either.isRight(written) ? yield* Surroundings.settle(written.right) : written
  const issues = [...unset, ...filled.issues, ...Option.getOrElse(Either.getLeft(decoded), () => [])]
  const placed = (issue: ConfigIssue) => place(issue, document, lines)
  if (Either.isLeft(decoded) || issues.length > 0) {
    const told = issues.length <= mostTold ? issues : [...issues.slice(0, mostTold), more(issues.length - mostTold)]
    return yield* new ConfigInvalid({ path, issues: told.map(placed).sort(byPlace) })
  }
  const opened: Opened = { config: decoded.right, remarks: [...defaulted, ...plainKeys], place: placed }
  return opened
})

// What follows is a piece of the file, which may be one of a key.
const withoutSource = (message: string): string => message.replace(/: .*$/s, "")

const isBomb = (cause: unknown): boolean => cause instanceof Error && cause.message.startsWith("Excessive alias count")

const tooManyAliases = `aliases repeat more than ${ExactNumbers.mostAliases} values, those within others counted each time`

/** So many mistakes are told: nobody reads more, and each is looked for in the file. */
const mostTold = 200

const more = (count: number): ConfigIssue => ({ path: [], message: `and ${count} more` })

/** The order of the file. */
export const byPlace = (a: PlacedIssue, b: PlacedIssue): number =>
  (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)

// Where an alias stands that no anchor precedes; the start of the file when there is none.
const danglingAlias = (document: Yaml.Document): { readonly offset: number; readonly path: ConfigIssue["path"] } => {
  let found: { readonly offset: number; readonly path: ConfigIssue["path"] } | undefined
  Yaml.visit(document, {
    Alias: (_, alias, ancestors) => {
      if (alias.resolve(document) !== undefined) return
      found ??= { offset: startOf(alias) ?? 0, path: Interpolation.pathOf([...ancestors, alias]) }
    }
  })
  return found ?? { offset: 0, path: [] }
}

// The place of the key, or of the nearest part of its path that exists.
const place = (issue: ConfigIssue, document: Yaml.Document, lines: Yaml.LineCounter) => {
  let node: unknown = document.contents
  let offset = 0
  for (const key of issue.path) {
    if (Yaml.isAlias(node)) node = node.resolve(document)
    if (Yaml.isMap(node)) {
      const pair = node.items.find((item) => Yaml.isScalar(item.key) && String(item.key.value) === String(key))
      if (pair === undefined) break
      offset = startOf(pair.key) ?? offset
      node = pair.value
    } else if (Yaml.isSeq(node)) {
      node = node.items[Number(key)]
      offset = startOf(node) ?? offset
    } else break
  }
  const { col: column, line } = lines.linePos(offset)
  return { ...issue, line, column }
}

const startOf = (node: unknown): number | undefined => (Yaml.isNode(node) ? node.range?.[0] : undefined)
