import { X509Certificate } from "node:crypto"
import * as fs from "node:fs"
import * as tls from "node:tls"
import * as Option from "effect/Option"
import type { Backend } from "../domain/backend/Backend.js"
import type { TlsSettings } from "../domain/backend/TlsSettings.js"
import { reasonOf } from "../domain/failure/Failure.js"
import type { ConfigIssue } from "../domain/schema/ConfigIssue.js"

/** A file of certificates may be this large, in bytes: all that a system trusts take a fifth of it. */
const mostBytes = 1024 ** 2

/** How often the files are looked at while connections are made, in ms. */
const lookInterval = 5_000

/** What is wrong with the files that backends name, and where it is said that they be read. */
export const issues = (backends: ReadonlyArray<Backend>): ReadonlyArray<ConfigIssue> =>
  backends.flatMap(({ tls }, index) => {
    const read = Option.isSome(tls) ? contextOf(tls.value) : undefined
    return read instanceof Wrong ? [{ path: ["openai_clients", index, "tls", read.key], message: read.message }] : []
  })

/**
 * What TLS is spoken with, as the files say now: those that are replaced count for the connections made a little later. As
 * long as they do not fit together, what they were before goes on.
 */
export const follow = (settings: TlsSettings): (() => tls.SecureContext | Error) => {
  let print = fingerprint(settings)
  let current = contextOf(settings)
  let lookedAt = performance.now()
  return () => {
    const now = performance.now()
    if (now - lookedAt < lookInterval) return current
    lookedAt = now
    const latest = fingerprint(settings)
    if (latest === print) return current
    const read = contextOf(settings)
    if (read instanceof Error && !(current instanceof Error)) return current
    print = latest
    current = read
    return current
  }
}

/** A file is none that can be used. */
class Wrong extends Error {
  constructor(
    readonly key: keyof TlsSettings,
    message: string
  ) {
    super(message)
  }
}

const keys = ["ca", "cert", "key"] as const

const contextOf = (settings: TlsSettings): tls.SecureContext | Wrong => {
  const read: { ca?: string; cert?: string; key?: string } = {}
  for (const key of keys) {
    const path = Option.getOrUndefined(settings[key])
    if (path === undefined) continue
    const text = attempt(key, () => readFile(path))
    if (text instanceof Wrong) return new Wrong(key, `${path}: ${text.message}`)
    read[key] = text
  }
  if (read.ca !== undefined || read.cert !== undefined) {
    for (const key of ["ca", "cert"] as const) {
      const text = read[key]
      const certificate = text === undefined ? undefined : attempt(key, () => new X509Certificate(text))
      if (certificate instanceof Wrong) return new Wrong(key, "holds no certificate in PEM")
    }
  }
  const context = attempt("key", () => tls.createSecureContext(read))
  return context instanceof Wrong ? new Wrong("key", `is none for this certificate: ${context.message}`) : context
}

const attempt = <A>(key: keyof TlsSettings, work: () => A): A | Wrong => {
  try {
    return work()
  } catch (cause) {
    return new Wrong(key, reasonOf(cause))
  }
}

// They are small, and connections wait for them.
const readFile = (path: string): string => {
  const stat = fs.statSync(path)
  if (!stat.isFile() && !stat.isDirectory()) throw new Error("it is no file")
  if (stat.size > mostBytes) throw new Error(`it is larger than ${mostBytes} bytes`)
  return fs.readFileSync(path, "utf8")
}

const fingerprint = (settings: TlsSettings): string =>
  keys
    .map((key) => {
      const path = Option.getOrUndefined(settings[key])
      const stat = path === undefined ? undefined : fs.statSync(path, { throwIfNoEntry: false })
      return stat === undefined ? "" : `${stat.ino} ${stat.mtimeMs} ${stat.size}`
    })
    .join()
