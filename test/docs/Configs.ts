import * as fs from "node:fs"
import { dirname } from "node:path"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Yaml from "yaml"
import * as ConfigFile from "../../src/config/ConfigFile.js"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import { cert, key } from "../support/certificate.js"
import * as Temp from "../support/Temp.js"
import type { Page } from "./Snippets.js"

const shipped = new URL("../../config.yaml", import.meta.url)

/** A value for each variable that the configurations of a page take from the environment. */
export const variables = ({ snippets }: Page): Readonly<Record<string, string>> =>
  Object.fromEntries(
    snippets
      .filter(({ info }) => info === "yaml")
      .flatMap(({ text }) => [...text.matchAll(/\$\{(\w+)/g)].map(([, name = ""]) => [name, `value-of-${name}`]))
  )

/** Decodes a configuration or a part of one; a whole one is what the following blocks find in `path`. */
export const follow = async (text: string, path: string, env: Readonly<Record<string, string>>): Promise<void> => {
  const part: unknown = Yaml.parse(withFiles(text, dirname(path)))
  const isWhole = JsonObject.is(part) && "openai_clients" in part
  await Effect.runPromise(
    ConfigFile.parse("snippet.yaml", isWhole ? withFiles(text, dirname(path)) : completed(part)).pipe(
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(env))))
    )
  )
  if (isWhole) Temp.replace(path, text)
}

// The files that a configuration names are there.
const withFiles = (text: string, folder: string): string => {
  const files = { "ca.pem": cert, "client.pem": cert, "client.key": key }
  for (const [name, content] of Object.entries(files)) fs.writeFileSync(`${folder}/${name}`, content)
  return text.replaceAll("/etc/causeway/", `${folder}/`)
}

// A list is one of backends; a comment alone belongs above what is shipped.
const completed = (part: unknown): string => {
  const example: unknown = Yaml.parse(fs.readFileSync(shipped, "utf8"))
  if (part === null) return Yaml.stringify(example)
  return Yaml.stringify(
    Array.isArray(part) ? { openai_clients: part } : { ...JsonObject.orEmpty(example), ...JsonObject.orEmpty(part) }
  )
}
