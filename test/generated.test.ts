import * as fs from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import * as Prettier from "prettier"
import * as ConfigJsonSchema from "../scripts/ConfigJsonSchema.js"
import * as ConfigTables from "../scripts/ConfigTables.js"

// Written by `npm run generate`, which is this test with --update.
describe("what is generated from the configuration's Schema", () => {
  const schema = ConfigJsonSchema.make()

  it("config.schema.json", async () => {
    const options = await Prettier.resolveConfig("config.schema.json", { config: ".prettierrc.json" })
    const text = await Prettier.format(JSON.stringify(schema), { ...options, parser: "json" })
    await expect(text).toMatchFileSnapshot("../config.schema.json")
  })

  it("the tables of docs/configuration.md", async () => {
    const page = fs.readFileSync(new URL("../docs/configuration.md", import.meta.url), "utf8")
    await expect(ConfigTables.fill(page, schema)).toMatchFileSnapshot("../docs/configuration.md")
  })
})
