import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync } from "node:fs"
import { tmpdir } from "node:os"
import * as path from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import * as Peer from "./Peer.js"

// Installs the pinned npm build of Portkey's gateway into a temporary folder, once, and runs it until it is told to
// stop: `npm run bench:portkey`, and in another shell the `npm run bench` that it prints.

const version = "1.15.2"
const port = 8787
const upstreamPort = 8788

const folder = path.join(tmpdir(), `causeway-bench-portkey-${version}`)
const program = path.join(folder, "node_modules/@portkey-ai/gateway/build/start-server.js")

if (!existsSync(program)) {
  mkdirSync(folder, { recursive: true })
  const install = ["install", "--no-audit", "--no-fund", "--prefix", folder, `@portkey-ai/gateway@${version}`]
  execFileSync("npm", install, { stdio: "inherit", cwd: folder })
}

const env = { NODE_ENV: "production", TRUSTED_CUSTOM_HOSTS: `127.0.0.1,localhost` }
const gateway = Peer.start({ module: program, args: [`--port=${port}`, "--headless"], cwd: folder, env })
process.on("SIGINT", () => void gateway.stop().then(() => process.exit()))
process.on("SIGTERM", () => void gateway.stop().then(() => process.exit()))

const answers = (): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/`).then(
    () => true,
    () => false
  )
while (!(await answers())) await sleep(100)

const headers = ["x-portkey-provider:openai", `x-portkey-custom-host:http://127.0.0.1:${upstreamPort}/v1`]
console.log(
  [
    `npm run bench -- --upstream-port ${upstreamPort} --target portkey=http://127.0.0.1:${port}/v1`,
    ...headers.map((header) => `--header portkey=${header}`)
  ].join(" ")
)
