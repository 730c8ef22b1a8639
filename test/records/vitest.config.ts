import { defineConfig } from "vitest/config"
import base from "../../vitest.config.js"

// Long runs, one after the other: kills, faults of the disk, load.
export default defineConfig({
  ...base,
  root: new URL("../..", import.meta.url).pathname,
  test: {
    ...base.test,
    include: ["test/records/*.run.ts"],
    fileParallelism: false,
    testTimeout: 3_600_000,
    hookTimeout: 60_000
  }
})
