import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { Backend } from "../backend/Backend.js"
import * as BackendAddress from "../backend/BackendAddress.js"
import * as ProxySetting from "../backend/ProxySetting.js"
import type { ConfigIssue } from "../schema/ConfigIssue.js"
import * as IpRange from "./IpRange.js"

/** What the environment says of proxies; of two spellings of a name the one in small letters. */
export interface ProxyEnvironment {
  readonly http: Variable | undefined
  readonly https: Variable | undefined
  readonly all: Variable | undefined
  readonly no: string
}

/** A variable that is set. */
export interface Variable {
  readonly name: string
  readonly value: Redacted.Redacted
}

/** The environment says nothing of proxies. */
export const empty: ProxyEnvironment = { http: undefined, https: undefined, all: undefined, no: "" }

/** The backends with the proxies that the environment has for those that say nothing of one, and what is wrong with these. */
export const settle = (
  backends: ReadonlyArray<Backend>,
  environment: ProxyEnvironment
): { readonly backends: ReadonlyArray<Backend>; readonly issues: ReadonlyArray<ConfigIssue> } => {
  const issues: Array<ConfigIssue> = []
  const settled = backends.map((backend, index) => {
    const variable = variableFor(backend, environment)
    if (variable === undefined) return backend
    const proxy = urlIn(Redacted.value(variable.value))
    if (proxy !== undefined) return { ...backend, proxy: Option.some(Redacted.make(proxy)) }
    const message = `would be asked through the proxy of the environment variable ${variable.name}, which is no URL such as http://proxy.example:3128`
    issues.push({ path: ["openai_clients", index, "base_url"], message })
    return backend
  })
  return {
    backends: issues.length === 0 && settled.every((each, at) => each === backends[at]) ? backends : settled,
    issues
  }
}

const variableFor = (backend: Backend, { all, http, https, no }: ProxyEnvironment): Variable | undefined => {
  if (Option.isSome(backend.proxy)) return undefined
  const { origin, socketPath } = BackendAddress.of(backend)
  if (socketPath !== undefined || !URL.canParse(origin)) return undefined
  const { hostname, port, protocol } = new URL(origin)
  const host = hostname.replace(/^\[(.*)\]$/, "$1")
  const isHttps = protocol === "https:"
  if (!/^https?:$/.test(protocol) || isLoopback(host) || isExempt(host, port || (isHttps ? "443" : "80"), no)) {
    return undefined
  }
  return (isHttps ? https : http) ?? all
}

// As curl takes it: without a scheme it is spoken to in plain HTTP.
const urlIn = (value: string): string | undefined => {
  const url = value.includes("://") ? value : `http://${value}`
  return ProxySetting.isUrl(url) ? url : undefined
}

// What a proxy would take for itself.
const isLoopback = (host: string): boolean =>
  /^(?:.+\.)?localhost$/.test(host) || loopback.some((range) => isIn(range, host))

const loopback = ["127.0.0.0/8", "::1"]

// Names with those below them, addresses and ranges of them, each with or without a port; `*` is all.
const isExempt = (host: string, port: string, no: string): boolean =>
  no
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      if (entry === "*") return true
      const [, name = "", only] = /^(.*?)(?::(\d+))?$/.exec(IpRange.parse(entry) === undefined ? entry : "") ?? []
      if (name === "") return isIn(entry, host)
      const domain = name.replace(/^\[(.*)\]$/, "$1").replace(/^\*?\./, "")
      return (
        (only === undefined || only === port) && (host === domain || host.endsWith(`.${domain}`) || isIn(domain, host))
      )
    })

const isIn = (range: string, host: string): boolean => {
  const address = IpRange.parseAddress(host)
  const wanted = IpRange.parse(range)
  return address !== undefined && wanted !== undefined && IpRange.contains(wanted, address)
}
