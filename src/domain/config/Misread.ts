import type { Backend } from "../backend/Backend.js"
import type { ConfigIssue } from "../schema/ConfigIssue.js"

/** What is valid but hardly meant: lists and patterns within one name of a model, and an endpoint as the `base_url`. */
export const find = (backends: ReadonlyArray<Backend>): ReadonlyArray<ConfigIssue> =>
  backends.flatMap(({ baseUrl, match, models }, index) => {
    const at = (path: ConfigIssue["path"], message: string | undefined) =>
      message === undefined ? [] : [{ path: ["openai_clients", index, ...path], message }]
    return [
      ...at(["base_url"], endpoint(baseUrl)),
      ...match.value.flatMap((value, position) => at(["model_match", "value", position], oddity(value))),
      ...Object.keys(models).flatMap((name) => at(["models", name], oddity(name)))
    ]
  })

const oddity = (name: string): string | undefined => {
  if (name.includes(",")) return `"${name}" is one name with a comma in it; write a list: [a, b]`
  if (/\s/.test(name)) return `"${name}" has white space in it, as hardly any model's name has`
  return /^\^|\$$|\.\*|\\/.test(name)
    ? `"${name}" is no regular expression: only * stands for any text, all else for itself`
    : undefined
}

const endpoints = ["/chat/completions", "/completions", "/responses", "/messages", "/embeddings", "/models"]

const endpoint = (baseUrl: string): string | undefined => {
  const parts = new URL(baseUrl).pathname.split("/").filter((part) => part !== "")
  const suffix = endpoints.find((each) => `/${parts.join("/")}`.endsWith(each))
  return suffix === undefined
    ? undefined
    : `ends with ${suffix}, but is what /chat/completions is added to: leave ${suffix} out`
}
