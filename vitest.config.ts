import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/support/build.ts",
    // Each file would load Effect and the client anew, which takes longer than most files' tests.
    isolate: false,
    minWorkers: 2,
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000
  },
  resolve: {
    alias: [
      { find: /^causeway$/, replacement: new URL("./src/Gateway.ts", import.meta.url).pathname },
      // A thread runs what was built.
      { find: /^\.\/ThreadEntry\.js$/, replacement: new URL("./dist/log/ThreadEntry.js", import.meta.url).pathname }
    ]
  }
})
