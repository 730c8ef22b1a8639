import { setTimeout as sleep } from "node:timers/promises"
import * as Measures from "./Measures.js"
import * as Refusal from "./Refusal.js"
import type { Result } from "./Result.js"
import type { Scenario } from "./Scenario.js"
import type * as Target from "./Target.js"
import * as Window from "./Window.js"

/** How long and how often the targets are measured. */
export interface Settings {
  readonly seconds: number
  /** How many requests each target answers before it is measured. */
  readonly warmUp: number
  readonly rounds: number
  readonly settle: number | undefined
  readonly upstreamPort: number
  /** The folder that gets a CPU profile of every window of Causeway's, whose numbers then mean nothing. */
  readonly profile: string | undefined
}

/** Runs a scenario: in every round each target has one window, and each round begins with another target. */
export const run = async (
  scenario: Scenario,
  plans: ReadonlyArray<Target.Plan>,
  settings: Settings,
  tell: (what: string) => void
): Promise<ReadonlyArray<Result>> => {
  const sides = await Window.startSides(settings.upstreamPort)
  const targets: Array<Target.Target> = []
  try {
    for (const { start } of plans) targets.push(await start(sides.upstreamUrl))
    return await measure(scenario, sides, targets, settings, tell)
  } finally {
    await Promise.all([...targets, sides.load, sides.upstream].map((each) => each.stop()))
  }
}

const measure = async (
  scenario: Scenario,
  sides: Window.Sides,
  targets: ReadonlyArray<Target.Target>,
  settings: Settings,
  tell: (what: string) => void
): Promise<ReadonlyArray<Result>> => {
  await sleep(1000)
  const idle = await rssOf(targets)
  const samples = new Map<string, Array<Window.Sample>>(targets.map(({ name }) => [name, []]))
  if (!scenario.once) {
    for (const target of targets) {
      tell(`${scenario.name}: warming up ${target.name}`)
      await Window.warm(sides, target, settings.warmUp)
      // What serves this load may have been compiled for none of those.
      await Window.run(sides, target, scenario, settings.seconds)
    }
  }
  const rounds = scenario.once ? 1 : settings.rounds
  for (let round = 0; round < rounds; round++) {
    const first = round % targets.length
    for (const target of [...targets.slice(first), ...targets.slice(0, first)]) {
      tell(`${scenario.name}: round ${round + 1} of ${rounds}, ${target.name}`)
      const window = () => Window.run(sides, target, scenario, settings.seconds)
      const file = `${settings.profile}/${scenario.name}-${round + 1}.cpuprofile`
      const profiled = settings.profile === undefined ? undefined : target.profiled
      samples.get(target.name)?.push(await (profiled === undefined ? window() : profiled(file, window)))
    }
  }
  const settle = scenario.settle === 0 ? 0 : (settings.settle ?? scenario.settle)
  if (settle > 0) tell(`${scenario.name}: memory settles for ${settle} s`)
  await sleep(settle * 1000)
  const after = settle === 0 ? [] : await rssOf(targets)

  const of = (name: string) => samples.get(name) ?? []
  return targets.map(({ name, startMs }, index) => {
    const standing = { rssIdle: idle[index], rssAfter: after[index], startMs }
    return resultOf(scenario, name, of(name), standing, of("bare"), of("direct"))
  })
}

const resultOf = (
  scenario: Scenario,
  target: string,
  samples: ReadonlyArray<Window.Sample>,
  standing: Measures.Standing,
  bare: ReadonlyArray<Window.Sample>,
  direct: ReadonlyArray<Window.Sample>
): Result => {
  const refusal = Refusal.of(samples)
  return {
    scenario: scenario.name,
    target,
    refusal,
    measures: refusal === undefined ? Measures.of(scenario, samples, standing, bare, direct) : {},
    upstreamBusy: Math.max(...samples.map(({ upstreamBusy }) => upstreamBusy)),
    loadBusy: Math.max(...samples.map(({ loadBusy }) => loadBusy)),
    rounds: samples.flatMap((sample, round) => {
      const ratio = Measures.of(scenario, [sample], standing, bare.slice(round, round + 1), []).cpuRatio
      return ratio === undefined ? [] : [ratio]
    })
  }
}

const rssOf = (targets: ReadonlyArray<Target.Target>): Promise<ReadonlyArray<number | undefined>> =>
  Promise.all(targets.map(async (target) => (await target.usage())?.rss))
