import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    minWorkers: 2,
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000
  },
  resolve: {
    alias: [{ find: /^causeway$/, replacement: new URL("./src/Gateway.ts", import.meta.url).pathname }]
  }
})
