import { cut } from "../text/CutText.js"

/** How long one value may be, and all of them together, in characters. */
const most = { value: 2_048, all: 16_384 }

/**
 * Headers, already without those that are credentials, as the JSON that is stored of them: no `Bearer` or `Basic` and no
 * user in a URL is left in any of them, and what is too long is cut.
 */
export const encode = (headers: Readonly<Record<string, string>>): string => {
  const json = JSON.stringify(headers)
  return json.length <= most.value && !maySayMore.test(json) ? json : JSON.stringify(kept(headers))
}

// Most headers hold none, and are looked at once.
const maySayMore = /bearer|basic|\/\/[^\s/?#"]*@/i

const kept = (headers: Readonly<Record<string, string>>): Record<string, string> => {
  const fitting: Array<[string, string]> = []
  let size = 0
  for (const [name, value] of Object.entries(headers)) {
    const text = cut(withoutSecrets(value), most.value)
    size += name.length + text.length
    if (size > most.all) break
    fitting.push([name, text])
  }
  return Object.fromEntries(fitting)
}

const withoutSecrets = (value: string): string =>
  value.replace(/\b(bearer|basic)(\s+)[^\s,;"]+/gi, "$1$2[redacted]").replace(/(\/\/)[^\s/?#]*@/g, "$1[redacted]@")
