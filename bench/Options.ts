import { parseArgs } from "node:util"
import * as Scenario from "./Scenario.js"
import * as Target from "./Target.js"
import type { Settings } from "./Runner.js"

/** What `npm run bench` was asked to do. */
export interface Options extends Settings {
  readonly scenarios: ReadonlyArray<Scenario.Scenario>
  /** Other builds, and the gateways of others. */
  readonly others: ReadonlyArray<Target.Plan>
  readonly check: boolean
  /** Where the JSON goes. */
  readonly json: string
}

/** How it is used. */
export const usage = `npm run bench -- [options]

  --scenario <name>         only this one; may be repeated. ${Scenario.all.map(({ name }) => name).join(", ")}
  --seconds <n>             how long a window is (6)
  --rounds <n>              how many windows each target gets (3)
  --warm-up <n>             requests that each target answers before it is measured (10000)
  --settle <n>              seconds before memory is looked at again (30)
  --target <name>=<url>     another gateway by its base_url; may be repeated
  --mounted                 Causeway as a host mounts it, too
  --build <name>=<main.js>  another build of Causeway, to compare it in the same run; may be repeated
  --header <name>=<h>:<v>   a header that this gateway needs; may be repeated
  --upstream-port <n>       where the scripted upstream listens, for other gateways to be pointed at (any free port)
  --json <file>             where the results go (bench/results.json)
  --profile <folder>        leave a CPU profile of every window of Causeway's there; its numbers then mean nothing
  --check                   exit 1 when the budget is not kept`

/** Reads the arguments; throws for one that makes no sense. */
export const parse = (args: ReadonlyArray<string>): Options => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: "string", multiple: true, default: Scenario.all.map(({ name }) => name) },
      seconds: { type: "string", default: "6" },
      rounds: { type: "string", default: "3" },
      "warm-up": { type: "string", default: "10000" },
      settle: { type: "string" },
      target: { type: "string", multiple: true, default: [] },
      build: { type: "string", multiple: true, default: [] },
      mounted: { type: "boolean", default: false },
      header: { type: "string", multiple: true, default: [] },
      "upstream-port": { type: "string", default: "0" },
      json: { type: "string", default: "bench/results.json" },
      profile: { type: "string" },
      check: { type: "boolean", default: false }
    }
  })
  const headers = values.header.map((text) => pair(text, "--header"))
  return {
    scenarios: values.scenario.map(scenarioOf),
    others: [
      ...(values.mounted ? [Target.mounted] : []),
      ...values.build.map((text) => Target.build(...pair(text, "--build"))),
      ...values.target.map((text) => {
        const [name, url] = pair(text, "--target")
        const own = headers.filter(([of]) => of === name).map(([, header]) => splitOnce(header, ":"))
        return Target.foreign(name, url, Object.fromEntries(own))
      })
    ],
    seconds: positive(values.seconds, "--seconds"),
    rounds: positive(values.rounds, "--rounds"),
    warmUp: positive(values["warm-up"], "--warm-up"),
    settle: values.settle === undefined ? undefined : positive(values.settle, "--settle"),
    upstreamPort: Number(values["upstream-port"]),
    json: values.json,
    profile: values.profile,
    check: values.check
  }
}

const scenarioOf = (name: string): Scenario.Scenario => {
  const found = Scenario.all.find((scenario) => scenario.name === name)
  if (found === undefined) throw new Error(`There is no scenario ${name}.`)
  return found
}

const ownNames = [Target.direct, Target.bare, Target.causeway, Target.mounted].map(({ name }) => name)

const pair = (text: string, flag: string): readonly [string, string] => {
  const [name, value] = splitOnce(text, "=")
  if (name === "" || value === "") throw new Error(`${flag} expects name=value.`)
  if (ownNames.includes(name)) throw new Error(`${flag}: ${name} is one of the bench's own targets.`)
  return [name, value]
}

const splitOnce = (text: string, separator: string): readonly [string, string] => {
  const [head = "", ...tail] = text.split(separator)
  return [head, tail.join(separator)]
}

const positive = (text: string, flag: string): number => {
  const number = Number(text)
  if (Number.isFinite(number) && number > 0) return number
  throw new Error(`${flag} expects a number above 0.`)
}

/** Reads the arguments of the process; explains how it is used and ends it when they make no sense. */
export const read = (args: ReadonlyArray<string>): Options => {
  try {
    return parse(args)
  } catch (cause) {
    console.error(`${cause instanceof Error ? cause.message : String(cause)}\n\n${usage}`)
    process.exit(2)
  }
}
