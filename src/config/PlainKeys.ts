import type * as Yaml from "yaml"
import type { ConfigIssue } from "../domain/ConfigIssue.js"
import * as Credentials from "../domain/Credentials.js"
import * as Interpolation from "./Interpolation.js"

/** The keys that stand in a configuration in plain text, before its variables are replaced. */
export const find = (document: Yaml.Document): ReadonlyArray<ConfigIssue> =>
  Interpolation.textsOf(document)
    .filter(({ path, text }) => holdsKey(path) && isKey(Interpolation.literal(text)))
    .map(({ path }) => ({ path, message: "is a key in plain text; keep it in the environment and write ${VARIABLE}" }))

const holdsKey = (path: ConfigIssue["path"]): boolean => {
  const [key, parent] = path.toReversed()
  return key === "api_key" || (parent === "headers" && Credentials.isCredential(String(key)))
}

// Local servers ask for some key or other; these are no secrets.
const isKey = (text: string): boolean => {
  const key = text.replace(/^(bearer|basic)(\s+|$)/i, "").trim()
  return (
    key !== "" && !/^(none|empty|null|any|dummy|fake|unused|ollama|vllm|lm-studio|no-key|not-needed|x+|-)$/i.test(key)
  )
}
