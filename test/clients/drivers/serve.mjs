// Answers tasks, one JSON line each, on stdin and stdout, several at a time.
import * as readline from "node:readline"

export const serve = (read) => {
  // Clients warn on the console; stdout is for the answers.
  for (const level of ["log", "info", "warn", "debug"]) console[level] = console.error
  const lines = readline.createInterface({ input: process.stdin })
  lines.on("line", (line) => {
    const task = JSON.parse(line)
    read(task).then(
      (seen) => process.stdout.write(`${JSON.stringify({ id: task.id, seen })}\n`),
      (error) => process.stdout.write(`${JSON.stringify({ id: task.id, crash: String(error?.stack ?? error) })}\n`)
    )
  })
}
