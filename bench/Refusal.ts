import type { Sample } from "./Window.js"

/** Above this share of one core a process is what everything else waits for. */
const busy = 0.9

/** By how many ms the upstream's paced events may be late. */
const late = 20

/** Why a target gets no number for its windows; undefined when they are fair and its answers were right. */
export const of = (samples: ReadonlyArray<Sample>): string | undefined => {
  const complaint = samples.find(({ seen }) => seen.complaint !== null)?.seen.complaint ?? "no reason given"
  const wrong = sum(samples, ({ seen }) => seen.wrong)
  const dropped = sum(samples, ({ seen }) => seen.dropped)
  if (wrong > 0) return `${wrong} wrong answers: ${complaint}`
  if (dropped > 0) return `${dropped} dropped requests: ${complaint}`
  const short = samples.find(({ held, toHold }) => held < toHold)
  if (short !== undefined) return `only ${short.held} of ${short.toHold} requests were open at once`
  if (sum(samples, ({ seen }) => seen.completed + seen.events) === 0 && samples.every(({ toHold }) => toHold === 0)) {
    return "nothing was answered"
  }
  if (samples.some(({ upstreamBusy }) => upstreamBusy >= busy)) return "the upstream was the bottleneck"
  if (samples.some(({ lateness }) => lateness >= late)) return "the upstream could not keep its pace"
  return undefined
}

const sum = (samples: ReadonlyArray<Sample>, of: (sample: Sample) => number): number =>
  samples.reduce((total, sample) => total + of(sample), 0)
