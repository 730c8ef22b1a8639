import * as fs from "node:fs"
import type * as http from "node:http"
import * as https from "node:https"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Caller from "../support/Caller.js"
import * as Certificate from "../support/certificate.js"
import * as Temp from "../support/Temp.js"
import * as Programs from "./Programs.js"

const shipped = (file: string): string => fs.readFileSync(new URL(`../../deploy/${file}`, import.meta.url), "utf8")

/** The name by which callers know the gateway, in what is shipped. */
export const publicName = "llm.example.com"

/** The ports of a proxy and of the gateway behind it, and the folder of the proxy's files. */
interface Place {
  readonly port: number
  readonly gateway: string
  readonly folder: string
}

/** A proxy with the configuration that is shipped for it, of which only addresses and files are others. */
export interface Proxy {
  readonly program: string
  /** Whether it closes the caller's connection, without the last chunk, when an answer is not whole. */
  readonly passesBreaksOn: boolean
  readonly start: (place: Place) => Effect.Effect<unknown, never, Scope.Scope>
}

/** Replaces each of these texts, all of which must be there. */
const replaced = (text: string, others: Readonly<Record<string, string>>): string =>
  Object.entries(others).reduce((changed, [from, to]) => {
    if (!changed.includes(from)) throw new Error(`what is shipped has no ${from}`)
    return changed.replaceAll(from, to)
  }, text)

const nginx: Proxy = {
  program: "nginx",
  passesBreaksOn: true,
  start: ({ folder, gateway, port }) => {
    const site = replaced(shipped("nginx/causeway.conf"), {
      "listen 443 ssl": `listen 127.0.0.1:${port} ssl`,
      "127.0.0.1:8000": gateway,
      "/etc/nginx/tls/llm.example.com": `${folder}/tls`
    })
    fs.writeFileSync(`${folder}/causeway.conf`, site)
    const folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (name) => `${name}_temp_path ${folder}/${name};`
    )
    const lines = [
      ...(process.getuid?.() === 0 ? ["user root;"] : []),
      "daemon off;",
      `pid ${folder}/nginx.pid;`,
      "error_log stderr error;",
      "events {}",
      `http { access_log off; ${folders.join(" ")} include ${folder}/causeway.conf; }`
    ]
    fs.writeFileSync(`${folder}/nginx.conf`, lines.join("\n"))
    return Programs.listening("nginx", ["-p", folder, "-c", `${folder}/nginx.conf`, "-e", "stderr"], port)
  }
}

const caddy: Proxy = {
  program: "caddy",
  // Debian's 2.6 ends the body as if it were whole; the error in the last event is what tells.
  passesBreaksOn: false,
  start: ({ folder, gateway, port }) => {
    const site = replaced(shipped("caddy/Caddyfile"), {
      "llm.example.com {": `llm.example.com:${port} {\n\tbind 127.0.0.1\n\ttls ${folder}/tls.crt ${folder}/tls.key`,
      "127.0.0.1:8000": gateway
    })
    fs.writeFileSync(`${folder}/Caddyfile`, `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${site}`)
    return Programs.listening("caddy", ["run", "--config", `${folder}/Caddyfile`, "--adapter", "caddyfile"], port, {
      XDG_DATA_HOME: folder,
      XDG_CONFIG_HOME: folder
    })
  }
}

export const all: ReadonlyArray<Proxy> = [nginx, caddy]

/** Starts a proxy before a gateway; the result sends it what a caller does, over TLS, from an address of its own. */
export const before = (proxy: Proxy, gatewayUrl: string) =>
  Effect.gen(function* () {
    const folder = yield* Temp.directory
    fs.writeFileSync(`${folder}/tls.crt`, Certificate.cert)
    fs.writeFileSync(`${folder}/tls.key`, Certificate.key)
    const port = Number(new URL(yield* Caller.closedUrl).port)
    yield* proxy.start({ port, gateway: new URL(gatewayUrl).host, folder })
    const post = (body: object) => {
      const text = JSON.stringify(body)
      const request = https.request({
        host: "127.0.0.1",
        port,
        localAddress: callerAddress,
        servername: publicName,
        rejectUnauthorized: false,
        agent: false,
        method: "POST",
        path: "/v1/chat/completions",
        headers: { host: publicName, "content-type": "application/json", "content-length": Buffer.byteLength(text) }
      })
      request.end(text)
      const response = new Promise<http.IncomingMessage>((resolve, reject) => {
        request.on("response", resolve)
        request.on("error", reject)
      })
      response.catch(() => {})
      return { request, response }
    }
    return { post }
  })

/** Where callers come from. */
export const callerAddress = "127.0.0.2"
