import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { allowed } from "./Allowed.js"
import * as Allowed from "./Allowed.js"
import type { Case } from "./Case.js"
import { cases } from "./Cases.js"
import { clients, languages } from "./Clients.js"
import * as Clients from "./Clients.js"
import * as Compare from "./Compare.js"
import type { Seen } from "./Seen.js"

const caseOf = (name: string): Case => {
  const found = cases.find((one) => one.name === name)
  if (found === undefined) throw new Error(`no such case: ${name}`)
  return found
}

const saying = (text: string, finish: string | null = "stop"): Seen => ({
  choices: [{ text, finish, calls: [] }],
  usage: [7, 5, 12],
  error: null
})

const whole = saying("It is sunny in Paris.")

const half = saying("It is sunny", null)

const raised = (status: number | null, message: string, seen: Seen = { choices: [], error: null }): Seen => ({
  ...seen,
  error: { class: `Error${status ?? ""}`, status, message }
})

const verdict = (name: string, direct: Seen, through: Seen) => {
  const { gains, losses } = Compare.compare(caseOf(name), [direct], [through])
  return { gains: gains.map(({ what }) => what), losses: losses.map(({ what }) => what) }
}

const same = { gains: [], losses: [] }

describe("an answer", () => {
  it("is the same where both are, right or not", () => {
    assert.deepStrictEqual(verdict("stream", whole, whole), same)
    assert.deepStrictEqual(verdict("stream", half, half), same)
  })

  it("is worse where it is an error or another one through the gateway", () => {
    assert.deepStrictEqual(verdict("stream", whole, raised(502, "no")).losses, ["answer"])
    assert.deepStrictEqual(verdict("stream", whole, half).losses, ["text", "finish"])
    assert.deepStrictEqual(verdict("whole", whole, { ...whole, usage: null }).losses, ["usage"])
    assert.deepStrictEqual(verdict("stream-tools", saying("", "tool_calls"), saying("", "stop")).losses, ["finish"])
    assert.deepStrictEqual(verdict("stream", whole, { ...whole, choices: [] }).losses, ["choices"])
  })

  it("is better where it is right only through the gateway", () => {
    assert.deepStrictEqual(verdict("stream", half, whole), { gains: ["text", "finish"], losses: [] })
    assert.deepStrictEqual(verdict("passing-503", raised(503, "no"), whole), { gains: ["answer"], losses: [] })
  })

  it("is worse where it is wrong instead of an error", () => {
    assert.deepStrictEqual(verdict("passing-503", raised(503, "no"), half).losses, ["passes"])
  })
})

describe("an answer that breaks", () => {
  it("must not pass for a whole one that is told apart alone", () => {
    assert.deepStrictEqual(verdict("text-reset", raised(null, "reset", half), half).losses, ["passes"])
  })

  it("may be any error, with all the text that came before it and what the backend said", () => {
    const frame = raised(null, "The stream broke.", half)
    assert.deepStrictEqual(verdict("text-reset", raised(null, "reset", half), frame), same)
    assert.deepStrictEqual(verdict("text-reset", raised(null, "reset", half), raised(null, "broke")).losses, ["text"])
    const words = caseOf("text-error").words ?? ""
    assert.deepStrictEqual(verdict("text-error", raised(null, words, half), frame).losses, ["words"])
  })

  it("is better as an error than as nothing of the kind", () => {
    assert.deepStrictEqual(verdict("text-end", half, raised(null, "broke", half)), { gains: ["answer"], losses: [] })
  })
})

describe("a failure", () => {
  const { words = "" } = caseOf("refused-503")

  it("keeps its class, its status and its words", () => {
    assert.deepStrictEqual(verdict("refused-503", raised(503, words), raised(503, `503: ${words}`)), same)
    assert.deepStrictEqual(verdict("refused-503", raised(503, words), raised(502, words)).losses, ["class"])
    assert.deepStrictEqual(verdict("refused-503", raised(503, words), raised(503, "It failed.")).losses, ["words"])
  })

  it("may get a status, and any where the backend gave no answer", () => {
    const { words: first = "" } = caseOf("stream-refused-first")
    assert.deepStrictEqual(verdict("stream-refused-first", raised(null, first), raised(503, first)).losses, [])
    assert.deepStrictEqual(verdict("refused-closed", raised(null, "refused"), raised(502, "It failed.")), same)
  })

  it("is better than nothing", () => {
    const nothing: Seen = { choices: [], error: null }
    assert.deepStrictEqual(verdict("stream-refused-first", nothing, raised(503, words)).gains, ["answer"])
  })
})

it("counts who is served where many ask", () => {
  const served = (count: number) => Array.from({ length: 12 }, (_, at) => (at < count ? whole : raised(429, "full")))
  const losses = (direct: number, through: number) =>
    Compare.compare(caseOf("crowd"), served(direct), served(through)).losses.map(Compare.show)
  assert.deepStrictEqual(losses(9, 6), ["served: direct 9 of 12, through the gateway 6 of 12"])
  assert.deepStrictEqual(losses(9, 9), [])
  assert.deepStrictEqual(losses(9, 12), [])
})

it("allows a difference only in its case, for its clients and with its status", () => {
  const [client] = clients
  if (client === undefined) throw new Error("no clients")
  const find = (name: string, status: number) =>
    Allowed.find(client, caseOf(name), { what: "class", direct: "", through: "", status })
  assert.isDefined(find("refused-529", 503))
  assert.isUndefined(find("refused-529", 502))
  assert.isUndefined(find("refused-503", 503))
})

it("tells of what is allowed and does not occur", () => {
  const unused = Allowed.unused(new Set(allowed.slice(1)), clients, languages)
  assert.strictEqual(unused.length, 1)
  assert.include(unused[0], allowed[0]?.reason)
  assert.deepStrictEqual(Allowed.unused(new Set(allowed), clients, languages), [])
})

it("names cases and clients that there are, each case once", () => {
  const names = cases.map(({ name }) => name)
  assert.strictEqual(new Set(names).size, names.length)
  const known = new Set([...names, ...clients.map(({ name }) => name)])
  const named = allowed.flatMap((each) => [...each.cases, ...(each.clients ?? [])])
  assert.deepStrictEqual(
    named.filter((name) => !known.has(name)),
    []
  )
})

it("pins every client and all that it needs", () => {
  for (const client of clients) {
    if (client.pinned !== undefined) assert.match(Clients.versionOf(client), /^\d+\.\d+/, client.name)
  }
  for (const file of ["openai2.txt", "openai3.txt"]) {
    const lines = fs
      .readFileSync(new URL(`python/${file}`, import.meta.url), "utf8")
      .trim()
      .split("\n")
    assert.deepStrictEqual(
      lines.filter((line) => !/^[\w.[\]-]+==\S+( ;.*)?$/.test(line)),
      []
    )
  }
})

it("shows every client and every case on the page", () => {
  const readme = fs.readFileSync(new URL("../../README.md", import.meta.url), "utf8")
  assert.include(readme, `${clients.length} programs, ${cases.length} backends`)
  const page = fs.readFileSync(new URL("../../docs/languages.md", import.meta.url), "utf8")
  for (const language of languages) {
    const [, rest = ""] = page.split(`<!-- ${language}: written`)
    const [part = ""] = rest.split("<!-- end of")
    for (const { title } of cases) assert.include(part, `| ${title} |`, language)
    for (const client of clients) {
      if (client.language === language) assert.include(part, `| ${client.name} | ${Clients.versionOf(client)} |`)
    }
  }
})

describe("the command", () => {
  const command = (...args: ReadonlyArray<string>) => {
    const runner = new URL("run.mjs", import.meta.url).pathname
    return spawnSync(process.execPath, [runner, ...args], { encoding: "utf8", env: { PATH: "/nowhere" } })
  }

  it("says which toolchains are not there, and fails no one for it", () => {
    const { status, stdout } = command()
    for (const name of ["curl", "python/openai2", "python/openai3", "go", "java", "rust"]) {
      assert.match(stdout, new RegExp(`^SKIPPED ${name} after .*: there is no `, "m"))
    }
    assert.match(stdout, /^Skipped, and so neither passed nor failed: /m)
    assert.strictEqual(status, 0)
  })

  it("knows no other languages", () => {
    assert.strictEqual(command("cobol").status, 1)
    assert.strictEqual(command("--nope").status, 1)
  })
})
