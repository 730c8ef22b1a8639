import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    root: new URL(".", import.meta.url).pathname,
    include: ["languages.ts"],
    globalSetup: "../support/build.ts",
    testTimeout: 1_800_000,
    disableConsoleIntercept: true
  }
})
