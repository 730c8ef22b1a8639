import { spawn } from "node:child_process"
import * as Database from "./Database.js"
import * as Records from "./Records.js"
import * as Temp from "./Temp.js"

const program = new URL("./archiver.mjs", import.meta.url).pathname

/** What its rows are otherwise. */
const plain = JSON.stringify(Records.record("plain", { Request: null, Response: null }))

/** Kills processes that archive all the time; the rows that they said were on the disk, and those found, must agree. */
export const run = async (folder: string, kills: number) => {
  let said = -1
  const runOne = (last: number | undefined) =>
    new Promise<void>((resolve) => {
      const args = [
        program,
        plain,
        `${folder}/record.db`,
        String(said + 1),
        ...(last === undefined ? [] : [String(last)])
      ]
      const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] })
      const enough = 10 + Math.random() * 30
      let output = ""
      let killed = last !== undefined
      child.stdout.on("data", (bytes: Buffer) => {
        output += bytes.toString()
        if (killed || output.split("\n").length < enough) return
        killed = true
        setTimeout(() => child.kill("SIGKILL"), Math.random() * 30)
      })
      child.on("close", () => {
        for (const [, number] of output.matchAll(/^(\d+)\n/gm)) said = Math.max(said, Number(number))
        resolve()
      })
    })
  for (let kill = 0; kill < kills; kill++) await runOne(undefined)
  await runOne(said + 30)
  const expected = Array.from({ length: said + 1 }, (_, n) => `r${n}`)
  return { kills, ...takeStock(folder, expected) }
}

/** Lets several processes write into one database, month after month; kills the first of them in the middle. */
export const runTogether = async (folder: string, processes: number, rows: number) => {
  const write = (prefix: string, killAfter: number) =>
    new Promise<number>((resolve) => {
      const args = [program, plain, `${folder}/record.db`, "0", String(rows - 1), prefix]
      const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] })
      let output = ""
      child.stdout.on("data", (bytes: Buffer) => {
        output += bytes.toString()
        if (output.split("\n").length > killAfter) child.kill("SIGKILL")
      })
      child.on("close", () => resolve([...output.matchAll(/^\d+\n/gm)].length))
    })
  const names = Array.from({ length: processes }, (_, index) => String.fromCharCode(97 + index))
  const said = await Promise.all(names.map((name, index) => write(name, index === 0 ? rows / 2 : Infinity)))
  // Takes over what was left behind.
  await write("z", Infinity)
  const expected = names.flatMap((name, index) => Array.from({ length: said[index] ?? 0 }, (_, n) => `${name}${n}`))
  return { said, ...takeStock(folder, expected) }
}

/** What is in a folder where these rows should be. */
const takeStock = (folder: string, expected: ReadonlyArray<string>) => {
  const files = Temp.names(folder).filter((name) => name.endsWith(".db"))
  const ids = files.flatMap((name) => Database.records(`${folder}/${name}`).map(({ id }) => id))
  const present = new Set(ids)
  return {
    rows: ids.length,
    archives: files.length - 1,
    lost: expected.filter((id) => !present.has(id)),
    doubled: ids.length - present.size,
    leftovers: Temp.names(folder).filter((name) => !name.endsWith(".db") && name !== "record.lock")
  }
}
