import { defineConfig } from "vitest/config"
import tsconfig from "./tsconfig.json" with { type: "json" }

const fileOf = (path: string): string => new URL(path, import.meta.url).pathname

// `causeway`, and what else the package exports, is the source here.
const ownName = Object.entries(tsconfig.compilerOptions.paths).map(([name, [path = ""]]) => ({
  find: new RegExp(`^${name}$`),
  replacement: fileOf(path)
}))

export default defineConfig({
  test: {
    include: ["{test,examples}/**/*.test.ts"],
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
      ...ownName,
      // A thread runs what was built.
      { find: /^(\.\.\/)+process\/ThreadEntry\.js$/, replacement: fileOf("./dist/process/ThreadEntry.js") }
    ]
  }
})
