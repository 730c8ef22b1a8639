// Asks with curl as a shell script would: what counts is its exit code, and then the text of the events.
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as readline from "node:readline"

const weather = {
  type: "function",
  function: {
    name: "get_weather",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] }
  }
}

const bodyOf = ({ model, n, stream, tools, usage }) => ({
  model,
  messages: [{ role: "user", content: "What is the weather in Paris?" }],
  ...(stream ? { stream } : {}),
  ...(tools ? { tools: [weather] } : {}),
  ...(n > 1 ? { n } : {}),
  ...(usage ? { stream_options: { include_usage: true } } : {})
})

const curl = (args) =>
  new Promise((resolve) => {
    const child = spawn("curl", args, { stdio: ["ignore", "pipe", "pipe"] })
    const said = { stdout: "", stderr: "" }
    for (const name of ["stdout", "stderr"]) child[name].on("data", (bytes) => (said[name] += bytes))
    child.on("close", (code) => resolve({ code, ...said }))
  })

const counts = (usage) => [usage.prompt_tokens, usage.completion_tokens, usage.total_tokens]

const nothing = () => ({ choices: [], usage: null, error: null })

const add = (seen, piece) => {
  if (piece.usage) seen.usage = counts(piece.usage)
  for (const { delta, finish_reason: finish, index = 0, message } of piece.choices ?? []) {
    const said = delta ?? message ?? {}
    const choice = (seen.choices[index] ??= { text: "", finish: null, calls: [] })
    choice.text += said.content ?? ""
    choice.finish = finish || choice.finish
    for (const [at, call] of (said.tool_calls ?? []).entries()) {
      const one = (choice.calls[call.index ?? at] ??= ["", ""])
      one[0] += call.function?.name ?? ""
      one[1] += call.function?.arguments ?? ""
    }
  }
}

const read = (seen, stream, text) => {
  if (!stream) return add(seen, JSON.parse(text))
  for (const line of text.split("\n")) {
    if (!line.startsWith("data: ") || line.startsWith("data: [DONE]")) continue
    add(seen, JSON.parse(line.slice(6)))
  }
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "languages-curl-"))
process.on("exit", () => fs.rmSync(folder, { recursive: true, force: true }))
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(0))

const ask = async (task) => {
  const file = path.join(folder, `${task.id}.out`)
  const headers = ["-H", "content-type: application/json", "-H", "authorization: Bearer sk-caller-key"]
  const patience = ["--max-time", "4", "--retry", "2", "--retry-connrefused"]
  const { code, stderr, stdout } = await curl([
    ...["-sS", "-N", "--fail-with-body", "-o", file, "-w", "%{http_code}", ...patience, ...headers],
    ...["-d", JSON.stringify(bodyOf(task)), `${task.baseURL}/chat/completions`]
  ])
  const text = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : ""
  const seen = nothing()
  try {
    read(seen, task.stream, text)
  } catch (error) {
    if (code === 0) seen.error = { class: error.name, status: null, message: error.message }
  }
  if (code !== 0) {
    const status = Number(stdout.slice(-3)) || null
    seen.error = { class: `exit ${code}`, status: status === 200 ? null : status, message: `${text} ${stderr}`.trim() }
  }
  return seen
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const task = JSON.parse(line)
  ask(task).then(
    (seen) => process.stdout.write(`${JSON.stringify({ id: task.id, seen })}\n`),
    (error) => process.stdout.write(`${JSON.stringify({ id: task.id, crash: String(error) })}\n`)
  )
})
