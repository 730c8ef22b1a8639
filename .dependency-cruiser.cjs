/**
 * Arrows go one way: domain <- config <- {flow <- http1, admission, process, records} <- upstream <- relay <- exchange
 * <- http <- Gateway <- {index, testing, workers <- cli <- main}. What stands in braces knows nothing of its neighbours, but for
 * `flow` and for what is `allowed`.
 */
const levels = [
  ["domain/"],
  ["config/"],
  ["flow/"],
  ["http1/", "admission/", "process/", "records/"],
  ["upstream/"],
  ["relay/"],
  ["exchange/"],
  ["http/"],
  ["Gateway"],
  ["testing/", "workers/"],
  ["cli/"],
  ["main", "index"]
]

/** Neighbours that may know each other, in one direction. */
const allowed = { "records/": ["process/"] }

const mayNot = (from, to) => ({
  name: `${from}-may-not-import-${to.join("-")}`.replaceAll(/[^a-zA-Z0-9-]/g, ""),
  severity: "error",
  from: { path: `^src/${from}` },
  to: { path: `^src/(${to.join("|")})` }
})

const direction = levels.flatMap((level, at) =>
  level.map((from) => {
    const neighbours = level.filter((to) => to !== from && !allowed[from]?.includes(to))
    return mayNot(from, [...neighbours, ...levels.slice(at + 1).flat()])
  })
)

/** What else may not know of each other, though the levels would let it. */
const apart = [
  mayNot("flow/", ["config/"]),
  mayNot("http1/", ["config/"]),
  mayNot("upstream/", ["process/", "records/"]),
  mayNot("relay/", ["process/", "records/"]),
  mayNot("http/", ["http1/"]),
  mayNot("exchange/", ["http1/"]),
  mayNot("cli/", ["testing/"]),
  mayNot("index", ["testing/", "workers/", "cli/"])
]

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "no-folders-that-import-each-other",
      severity: "error",
      scope: "folder",
      from: { path: "^src/(domain|config|flow|http1|admission|process|records|upstream|relay|exchange|http|testing)" },
      to: { circular: true }
    },
    ...direction.filter(({ to }) => to.path !== "^src/()"),
    ...apart,
    {
      name: "samples-are-for-tests",
      comment: "FastCheck and Arbitrary are used by testing/ alone.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/testing/" },
      to: { path: "effect/.*/(FastCheck|Arbitrary)\\.|fast-check" }
    },
    {
      name: "domain-is-pure",
      comment: "No Effect runtime, no platform, no Node in domain/.",
      severity: "error",
      from: { path: "^src/domain/" },
      to: {
        path: "^(node:|fs|http|path)|@effect/(platform|sql|cli)|effect/.*/(Effect|Layer|Context|Stream|Scope|Fiber)\\.",
        dependencyTypesNot: ["type-only"]
      }
    }
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" }
  }
}
