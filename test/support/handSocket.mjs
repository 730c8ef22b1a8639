// Has a socket that it never accepts on, and begins gateways that do, as systemd would: one for each line it reads, which
// says the folder. Says the port, and the process of each.
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"

const { TCP, constants } = process.binding("tcp_wrap")
const socket = new TCP(constants.SERVER)
const bound = {}
if (socket.bind("127.0.0.1", 0) !== 0 || socket.getsockname(bound) !== 0) process.exit(1)
console.log(`port ${bound.port}`)

const [program] = process.argv.slice(2)

for await (const folder of createInterface({ input: process.stdin })) {
  const script = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"'
  const child = spawn("sh", ["-c", script, process.execPath, program, "--port", "1"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit", socket.fd]
  })
  child.stdout.on("data", (bytes) => {
    if (bytes.includes("listening on")) console.log(`serves ${child.pid}`)
  })
  child.on("exit", (code, signal) => console.log(`ended ${child.pid} ${code ?? signal}`))
}
