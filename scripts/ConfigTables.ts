import * as JsonObject from "../src/domain/json/JsonObject.js"
import * as ConfigJsonSchema from "./ConfigJsonSchema.js"

/** Replaces what stands between `<!-- keys of NAME -->` and `<!-- end -->` by the table of that section's keys. */
export const fill = (page: string, schema: JsonObject.JsonObject): string => {
  const sections = ConfigJsonSchema.propertiesOf(schema)
  const missing = Object.keys(sections).filter((name) => !page.includes(`<!-- keys of ${name} -->`))
  if (missing.length > 0) throw new Error(`docs/configuration.md has no place for the keys of ${missing.join(", ")}`)
  return page.replace(
    /(<!-- keys of (\w+) -->\n)[^]*?(<!-- end -->)/g,
    (_, start: string, name: string, end: string) => {
      return `${start}\n${table(sections[name], sections)}\n\n${end}`
    }
  )
}

const table = (section: unknown, sections: JsonObject.JsonObject): string =>
  ["| key | default | meaning |", "|---|---|---|", ...rows(section, "", sections)].join("\n")

const rows = (section: unknown, prefix: string, sections: JsonObject.JsonObject): ReadonlyArray<string> => {
  const object = JsonObject.orEmpty(ConfigJsonSchema.objectOf(section))
  const required = JsonObject.listOf(object["required"])
  return Object.entries(ConfigJsonSchema.propertiesOf(section)).flatMap(([key, property]) => {
    const path = `${prefix}${key}`
    const { default: value, description } = JsonObject.orEmpty(property)
    if (typeof description !== "string")
      throw new Error(`${path} has no description; annotate it (see CONTRIBUTING.md)`)
    const inner = rows(property, `${path}.`, sections)
    const preset = inner.length > 0 ? "" : (general(path, sections) ?? shown(value))
    const cells = [`\`${path}\``, required.includes(key) ? "required" : preset, description.replaceAll("|", "\\|")]
    return [`|${cells.map((cell) => (cell === "" ? " " : ` ${cell} `)).join("|")}|`, ...inner]
  })
}

// What a section at the top says for all is the default of the same key under the same name further down.
const general = (path: string, sections: JsonObject.JsonObject): string | undefined => {
  const [name = "", key = "", ...deeper] = path.split(".")
  const isThere = deeper.length === 0 && Object.hasOwn(ConfigJsonSchema.propertiesOf(sections[name]), key)
  return isThere ? `as [\`${name}\`](#${name})` : undefined
}

const shown = (value: unknown): string => {
  if (!JsonObject.isPresent(value) || (JsonObject.is(value) && Object.keys(value).length === 0)) return "none"
  return `\`${Array.isArray(value) ? `[${value.join(", ")}]` : typeof value === "string" ? value : JSON.stringify(value)}\``
}
