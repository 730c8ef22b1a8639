import { writeFileSync } from "node:fs"
import * as Budget from "./Budget.js"
import * as Machine from "./Machine.js"
import * as Options from "./Options.js"
import * as Report from "./Report.js"
import type { Result } from "./Result.js"
import * as Runner from "./Runner.js"
import * as Target from "./Target.js"

const options = Options.read(process.argv.slice(2))
const results: Array<Result> = []
const tell = (what: string) => process.stderr.write(`${what}\n`)

console.log(Machine.describe())
for (const scenario of options.scenarios) {
  const plans = [...(scenario.direct ? [Target.direct] : []), Target.bare, Target.causeway, ...options.others]
  const own = await Runner.run(scenario, plans, options, tell)
  results.push(...own)
  console.log(`\n## ${scenario.name}: ${scenario.what}\n\n${Report.table(own)}`)
}

const verdicts = Budget.judge(Budget.load(), results)
if (verdicts.length > 0) console.log(`\n## Budget\n\n${Report.verdicts(verdicts)}`)
writeFileSync(options.json, JSON.stringify({ machine: Machine.describe(), results, verdicts }, null, 2))
if (options.check && verdicts.some(({ kept }) => kept === "missed" || kept === "missing")) process.exitCode = 1
