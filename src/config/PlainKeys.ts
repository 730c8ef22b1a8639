import type * as Yaml from "yaml"
import type { ConfigIssue } from "../domain/schema/ConfigIssue.js"
import * as Credentials from "../domain/backend/Credentials.js"
import * as Interpolation from "./Interpolation.js"

/** The keys that stand in a configuration in plain text, before its variables are replaced. */
export const find = (document: Yaml.Document): ReadonlyArray<ConfigIssue> =>
  Interpolation.textsOf(document)
    .filter(({ path, text }) => keysIn(path, Interpolation.literal(text)).some(isKey))
    .map(({ path }) => ({
      path,
      message: "holds a key in plain text; keep it in the environment and write ${VARIABLE}"
    }))

// What of a value may be a key: all of it, or parts of the query of a URL.
const keysIn = (path: ConfigIssue["path"], text: string): ReadonlyArray<string> => {
  const key = String(path.at(-1))
  if (key === "base_url") {
    return [...new URLSearchParams(text.split("?")[1] ?? "")].flatMap(([name, value]) =>
      Credentials.isCredential(name) ? [value] : []
    )
  }
  if (key === "proxy") return URL.canParse(text) ? [new URL(text).password] : []
  return key === "api_key" || (path.at(-2) === "headers" && Credentials.isCredential(key)) ? [text] : []
}

// Local servers ask for some key or other; these are no secrets.
const isKey = (text: string): boolean => {
  const key = text.replace(/^(bearer|basic)(\s+|$)/i, "").trim()
  return (
    key !== "" && !/^(none|empty|null|any|dummy|fake|unused|ollama|vllm|lm-studio|no-key|not-needed|x+|-)$/i.test(key)
  )
}
