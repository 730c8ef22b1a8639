import { defineConfig } from "vitest/config"
import base from "../../vitest.config.js"

// Installs the package for real, on several versions of Node.
export default defineConfig({
  ...base,
  root: new URL("../..", import.meta.url).pathname,
  test: { ...base.test, include: ["test/package/*.run.ts"], testTimeout: 900_000 }
})
