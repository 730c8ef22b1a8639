import { execFileSync } from "node:child_process"
import * as fs from "node:fs"

/** Files in PEM: an authority, and what it vouches for. */
export interface Certificates {
  readonly ca: string
  readonly server: { readonly cert: string; readonly key: string }
  readonly client: { readonly cert: string; readonly key: string }
}

/** Makes an authority in a folder, with a certificate for `localhost` and one for a client. */
export const make = (folder: string): Certificates => {
  fs.mkdirSync(folder, { recursive: true })
  const openssl = (...args: ReadonlyArray<string>) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" })
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
  openssl("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=An authority")
  const signed = (name: string, subject: string, extension: string) => {
    const by = ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", extension]
    openssl("req", "-x509", ...key, "-keyout", `${name}.key`, "-out", `${name}.pem`, "-subj", subject, ...by)
    return { cert: `${folder}/${name}.pem`, key: `${folder}/${name}.key` }
  }
  return {
    ca: `${folder}/ca.pem`,
    server: signed("server", "/CN=localhost", "subjectAltName=DNS:localhost"),
    client: signed("client", "/CN=A gateway", "extendedKeyUsage=clientAuth")
  }
}
