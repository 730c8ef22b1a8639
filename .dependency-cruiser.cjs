/** Arrows go one way: domain <- {config, http1} <- {upstream, log} <- exchange <- http <- Gateway <- workers <- cli <- main. */
const mayNot = (from, to) => ({
  name: `${from}-may-not-import-${to}`.replaceAll(/[^a-z-]/g, ""),
  severity: "error",
  from: { path: `^src/(${from})` },
  to: { path: `^src/(${to})` }
})

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    mayNot("domain/", "config/|http1/|upstream/|log/|exchange/|http/|Gateway|testing/|workers/|cli/|main"),
    mayNot("config/", "http1/|upstream/|log/|exchange/|http/|Gateway|testing/|workers/|cli/|main"),
    mayNot("http1/", "config/|upstream/|log/|exchange/|http/|Gateway|testing/|workers/|cli/|main"),
    mayNot("upstream/", "log/|exchange/|http/|Gateway|testing/|workers/|cli/|main"),
    mayNot("log/", "http1/|upstream/|exchange/|http/|Gateway|testing/|workers/|cli/|main"),
    mayNot("exchange/", "http1/|http/|Gateway|testing/|workers/|cli/|main"),
    mayNot("http/", "http1/|Gateway|testing/|workers/|cli/|main"),
    mayNot("Gateway", "testing/|workers/|cli/|main"),
    mayNot("testing/", "workers/|cli/|main"),
    mayNot("workers/", "testing/|cli/|main"),
    mayNot("cli/", "testing/|main"),
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
