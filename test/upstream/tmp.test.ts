import { it } from "@effect/vitest"
import * as Capacity from "./Capacity.js"
it("x", () => {
  const t0 = performance.now()
  const from = 60000,
    to = 240000
  const show = (name: string, load: Capacity.Load) => {
    const s = Capacity.serve(load, from, to)
    return `${name}: ${(s.answered / Capacity.possible(load, to - from)).toFixed(2)}/${((100 * s.refused) / Math.max(1, s.answered + s.refused)).toFixed(1)}%`
  }
  for (const hasSibling of [false, true])
    for (const retryAfter of [undefined, 1000])
      for (const answerTime of [20, 700]) {
        const ra = retryAfter === undefined ? {} : { retryAfter }
        for (const n of [1, 5, 20, 200]) {
          console.log(
            `sib=${hasSibling} ra=${retryAfter} L=${answerTime} N=${n}`,
            [1, 2, 10]
              .map((k) =>
                show(`x${k}`, {
                  takes: { atOnce: n },
                  callers: Math.min(400, n * k),
                  answerTime,
                  hasSibling,
                  seed: 1,
                  ...ra
                })
              )
              .join("  ")
          )
        }
        for (const r of [1, 3, 10, 100])
          for (const by of ["log", "bucket", "window"] as const) {
            console.log(
              `sib=${hasSibling} ra=${retryAfter} L=${answerTime} R=${r} ${by}`,
              [1, 10, 200]
                .map((k) =>
                  show(`${k}`, { takes: { aSecond: r, by }, callers: k, answerTime, hasSibling, seed: 1, ...ra })
                )
                .join("  ")
            )
          }
      }
  console.log(performance.now() - t0)
}, 300000)
