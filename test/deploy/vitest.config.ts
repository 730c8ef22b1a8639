import { defineConfig } from "vitest/config"
import base from "../../vitest.config.js"

// Builds the image for real, without a daemon, which takes a minute or two.
export default defineConfig({
  ...base,
  root: new URL("../..", import.meta.url).pathname,
  test: { ...base.test, include: ["test/deploy/*.run.ts"], testTimeout: 540_000, hookTimeout: 540_000 }
})
