import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    root: new URL(".", import.meta.url).pathname,
    include: ["clients.ts"],
    testTimeout: 300_000,
    disableConsoleIntercept: true
  },
  resolve: {
    alias: [{ find: /^causeway$/, replacement: new URL("../../src/index.ts", import.meta.url).pathname }]
  }
})
