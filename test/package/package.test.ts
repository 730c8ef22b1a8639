import * as fs from "node:fs"
import * as path from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { publint } from "publint"
import { formatMessage } from "publint/utils"
import * as Schema from "effect/Schema"
import ts from "typescript"
import tsconfig from "../../tsconfig.json" with { type: "json" }
import * as Packed from "./Packed.js"

const Exports = Schema.Struct({
  exports: Schema.Record({
    key: Schema.String,
    value: Schema.Union(Schema.String, Schema.Struct({ types: Schema.String, default: Schema.String }))
  }),
  peerDependencies: Schema.Record({ key: Schema.String, value: Schema.String }),
  optionalDependencies: Schema.Record({ key: Schema.String, value: Schema.String }),
  devDependencies: Schema.Record({ key: Schema.String, value: Schema.String })
})

const Locked = Schema.Struct({
  gypfile: Schema.optional(Schema.Boolean),
  hasInstallScript: Schema.optional(Schema.Boolean)
})
const Lock = Schema.Struct({
  packages: Schema.Struct({ "node_modules/better-sqlite3-13": Locked }, { key: Schema.String, value: Locked })
})

const Allowed = Schema.Struct({ allowScripts: Schema.Record({ key: Schema.String, value: Schema.Boolean }) })

const decodeMap = Schema.decodeUnknownSync(Schema.parseJson(Schema.Struct({ sources: Schema.Array(Schema.String) })))

const lock = () => Schema.decodeUnknownSync(Schema.parseJson(Lock))(fs.readFileSync("package-lock.json", "utf8"))

let folder = ""
let tarball = ""
let files: ReadonlyArray<string> = []

beforeAll(async () => {
  folder = fs.mkdtempSync("/tmp/causeway-package-")
  const packed = await Packed.pack(folder)
  ;({ files, tarball } = packed)
  Packed.project(folder, { checkLibraries: false })
  await Packed.borrow(folder, tarball)
})

afterAll(() => fs.rmSync(folder, { recursive: true }))

const installed = () => `${folder}/node_modules/causeway`

const manifest = () =>
  Schema.decodeUnknownSync(Schema.parseJson(Exports))(fs.readFileSync(`${installed()}/package.json`, "utf8"))

/** The import of a name from the user's project. */
const imported = (name: string, attributes = "") =>
  Packed.run(folder, process.execPath, [
    "--input-type=module",
    "-e",
    `await import(${JSON.stringify(name)}${attributes}).then(() => console.log("there"), ({ code }) => console.log(code))`
  ])

describe("a clone", () => {
  it("is installed without compiling the driver of SQLite that comes compiled", () => {
    assert.isFalse(lock().packages["node_modules/better-sqlite3-13"].gypfile, "npm has dropped it: put it back by hand")
  })

  it("says of each package that wants to run a script whether it may", () => {
    const names = Object.entries(lock().packages).flatMap(([place, { hasInstallScript }]) =>
      hasInstallScript === true && place !== "" ? [place.replace(/^.*node_modules\//, "")] : []
    )
    const manifest = Schema.decodeUnknownSync(Schema.parseJson(Allowed))(fs.readFileSync("package.json", "utf8"))
    assert.deepStrictEqual(Object.keys(manifest.allowScripts).sort(), [...new Set(names)].sort())
  })
})

describe("what npm says of the package", () => {
  // As npm 11.19.1 and 12.2.2 printed it, with most files left out.
  const report = {
    id: "causeway@0.1.0",
    name: "causeway",
    version: "0.1.0",
    size: 779944,
    unpackedSize: 3432833,
    shasum: "2d079da46d52721ce73e2d22ac46d867ad2e93b1",
    filename: "causeway-0.1.0.tgz",
    files: [{ path: "CHANGELOG.md", size: 6633, mode: 420 }],
    entryCount: 1,
    bundled: []
  }

  it("is read, in a list or by its name", () => {
    for (const printed of [[report], { causeway: report }]) {
      assert.deepStrictEqual(Packed.packed(JSON.stringify(printed, null, 2)), {
        filename: "causeway-0.1.0.tgz",
        files: [{ path: "CHANGELOG.md" }]
      })
    }
  })
})

describe("the package", () => {
  it("holds what it needs to run and to be read, and nothing else", () => {
    const places = new Set(files.map((file) => file.split("/")[0]))
    assert.deepStrictEqual([...places].sort(), [
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "config.schema.json",
      "config.yaml",
      "dist",
      "package.json",
      "src"
    ])
    assert.deepStrictEqual(
      files.filter((file) => file.startsWith("dist/") && !/\.(m?js|d\.ts)(\.map)?$/.test(file)),
      ["dist/bin/LICENSES.txt", "dist/bin/package.json"]
    )
    assert.deepStrictEqual(
      files.filter((file) => file.startsWith("src/") && !file.endsWith(".ts")),
      ["src/main.cjs"]
    )
    for (const file of ["dist/bin/main.js", "dist/bin/main.mjs", "dist/bin/WriterThread.mjs", "dist/bin/package.json"])
      assert.include(files, file)
  })

  it("leads from what it declares and runs to the sources that it brings", () => {
    const maps = files.filter((file) => file.endsWith(".map"))
    for (const kind of ["dist/index.d.ts.map", "dist/Gateway.d.ts.map", "dist/Gateway.js.map"]) {
      assert.include(maps, kind)
    }
    for (const map of maps) {
      const { sources } = decodeMap(fs.readFileSync(`${installed()}/${map}`, "utf8"))
      for (const source of sources) assert.include(files, path.join(path.dirname(map), source), map)
    }
  })

  it("does nothing when a part of it is loaded, so that bundlers may leave out what is not used", () => {
    const acting = files
      .filter((file) => file.startsWith("src/"))
      .filter((file) => {
        const text = fs.readFileSync(`${installed()}/${file}`, "utf8")
        return ts
          .createSourceFile(file, text, ts.ScriptTarget.ES2022)
          .statements.some((statement) => ts.isExpressionStatement(statement))
      })
    // Two programs, what begins one of them, and a promise whose rejection is whoever's that asks for it.
    assert.deepStrictEqual(acting.sort(), [
      "src/main.cjs",
      "src/main.ts",
      "src/records/store/SqliteDriver.ts",
      "src/records/writer/WriterThread.ts"
    ])
  })

  it("exports each of its entries from its root, too, but the test kit", async () => {
    const said = await Packed.run(folder, process.execPath, [
      "--input-type=module",
      "-e",
      `import * as fs from "node:fs"
      const root = await import("causeway")
      const { exports } = JSON.parse(fs.readFileSync("node_modules/causeway/package.json", "utf8"))
      const names = Object.keys(exports).filter((name) => /^\\.\\/[A-Z]/.test(name)).map((name) => name.slice(2))
      for (const name of names) console.log(name, root[name] === await import("causeway/" + name))`
    ])
    const found = said.trim().split("\n")
    assert.isAbove(found.length, 10)
    // `Upstream` is what `Transport` was called before.
    assert.deepStrictEqual(
      found.filter((line) => !line.endsWith(" true")),
      ["Upstream false"]
    )
  })

  it("has nothing that publint finds wrong", async () => {
    const { messages, pkg } = await publint({ pkgDir: installed(), strict: true })
    assert.deepStrictEqual(
      messages.map((message) => formatMessage(message, pkg, { color: false })),
      []
    )
  })

  it("exports entries that are there, typed and in the tests' own paths, and no private path", async () => {
    for (const [name, target] of Object.entries(manifest().exports)) {
      if (typeof target === "string") {
        assert.isTrue(fs.existsSync(`${installed()}/${target}`), name)
        continue
      }
      assert.strictEqual(target.types, target.default.replace(/\.js$/, ".d.ts"))
      const source = target.default.replace("./dist/", "./src/").replace(/\.js$/, ".ts")
      const paths: Readonly<Record<string, ReadonlyArray<string>>> = tsconfig.compilerOptions.paths
      assert.deepStrictEqual(paths[name.replace(/^\./, "causeway")], [source])
    }
    const isPrivate = await Promise.all(
      ["causeway/dist/Gateway.js", "causeway/exchange/Exchange"].map((name) => imported(name))
    )
    assert.deepStrictEqual(new Set(isPrivate), new Set(["ERR_PACKAGE_PATH_NOT_EXPORTED\n"]))
    for (const file of ["config.schema.json", "package.json"]) {
      assert.strictEqual(await imported(`causeway/${file}`, ', { with: { type: "json" } }'), "there\n")
    }
  })

  it("asks for the Effect packages that it is tested with", () => {
    const { devDependencies, peerDependencies } = manifest()
    assert.deepStrictEqual(Object.keys(peerDependencies), ["@effect/platform", "@effect/platform-node", "effect"])
    for (const [name, pinned] of Object.entries(devDependencies)) {
      if (name in peerDependencies) assert.strictEqual(peerDependencies[name], `^${pinned}`)
    }
  })

  it(
    "compiles in a strict project, runs there, and ends when it has stopped the gateway",
    { timeout: 120_000 },
    async () => {
      assert.deepStrictEqual(await Packed.compileAndRun(folder, process.execPath), Packed.expected)
    }
  )

  it("type-checks where a bundler resolves modules", { timeout: 120_000 }, async () => {
    assert.strictEqual(await Packed.checkForBundler(folder, process.execPath), "")
  })

  it(
    "mounts its routes on Bun, by its types, and in truth where it is installed",
    { timeout: 120_000 },
    async (test) => {
      const program = await Packed.checkForBun(folder, process.execPath)
      if ((await Packed.bun()) === undefined) return test.skip("there is no Bun to run it")
      const said = await Packed.run(folder, "bun", [program])
      assert.deepStrictEqual(JSON.parse(said), { page: "of the host", whole: true, streamed: true, rows: 2 })
    }
  )

  for (const options of [
    { module: "NodeNext", moduleResolution: "NodeNext" },
    { module: "ESNext", moduleResolution: "Bundler" }
  ]) {
    it(
      `has a name for every type that a host exports, under ${options.moduleResolution}`,
      { timeout: 120_000 },
      async () => {
        const declared = await Packed.declare(folder, process.execPath, options)
        assert.notMatch(declared, /(?<!")\bany\b/)
        const entries = Object.keys(manifest().exports).map((name) => name.replace(/^\./, "causeway"))
        const imported = [...declared.matchAll(/"(causeway\b[^"]*|\.[^"]*)"/g)].map(([, name]) => name)
        assert.match(declared, /served: Layer\.Layer<never, .*ConfigInvalid/)
        assert.deepStrictEqual(
          [...new Set(imported)].filter((name) => !entries.includes(name ?? "")),
          []
        )
      }
    )
  }

  it("brings a command that runs", async () => {
    const command = (...args: ReadonlyArray<string>) =>
      Packed.run(folder, process.execPath, [`${installed()}/dist/bin/main.js`, ...args])
    assert.match(await command("--version"), /^\d+\.\d+\.\d+\s*$/)
    assert.match(await command("--help"), /serve/)
    const config = `${installed()}/config.yaml`
    assert.match(await command("check", "--offline", "--config", config), /all well/)
    assert.match(await command("explain", "--model", "demo", "--config", config), /"demo" is served by "demo"/)
  })

  it("asks its hosts for nothing that only the command needs", () => {
    for (const name of ["cli", "printer", "printer-ansi", "sql", "experimental"]) {
      assert.isFalse(fs.existsSync(`${folder}/node_modules/@effect/${name}`), name)
    }
  })
})

describe("the package without what is optional", () => {
  let bare = ""

  beforeAll(async () => {
    bare = fs.mkdtempSync("/tmp/causeway-bare-")
    Packed.project(bare, { checkLibraries: false })
    await Packed.borrow(bare, tarball, { omitOptional: true })
  })

  afterAll(() => fs.rmSync(bare, { recursive: true }))

  const evaluate = (code: string) => {
    fs.writeFileSync(`${bare}/program.js`, code)
    return Packed.run(bare, process.execPath, ["program.js"])
  }

  const config = '{ openai_clients: [{ name: "demo", base_url: "demo:", model_match: { value: "demo" } }] }'

  it("says what brings the driver of SQLite, to a host and to whoever runs the command", async () => {
    const said = await evaluate(
      `import { start } from "causeway"
      await start({ port: 0, config: ${config} }).then(
        () => console.log("it runs"),
        (cause) => console.log(String(cause))
      )`
    )
    const [, wanted = ""] = /record\.db: the record database cannot be opened: .* npm install (\S+)$/m.exec(said) ?? []
    const drivers = Object.entries(manifest().optionalDependencies).map(([name, version]) => `${name}@${version}`)
    assert.include(drivers, wanted, said)
    const command = await evaluate(
      `import { spawnSync } from "node:child_process"
      const args = ["node_modules/causeway/dist/bin/main.js", "serve", "--port", "0"]
      const { stderr, status } = spawnSync(process.execPath, [...args, "--config", "node_modules/causeway/config.yaml"])
      console.log(status, String(stderr))`
    )
    assert.match(command, /^1 /)
    assert.include(command, `npm install ${wanted}`)
  })

  it("serves a host that keeps its records itself", async () => {
    const said = await evaluate(
      `import * as Gateway from "causeway"
      import * as Completions from "causeway/Completions"
      import * as ConfigRef from "causeway/ConfigRef"
      import * as RequestLog from "causeway/RequestLog"
      import * as Effect from "effect/Effect"
      import * as Layer from "effect/Layer"
      const records = []
      const gateway = Layer.provide(
        Gateway.layerCustom,
        Layer.mergeAll(RequestLog.layerMemory(records), ConfigRef.layerStatic(${config}))
      )
      const request = { model: "demo", messages: [{ role: "user", content: "Hi" }] }
      await Effect.flatMap(Completions.Completions, ({ complete }) => complete(request)).pipe(
        Effect.provide(gateway),
        Effect.runPromise
      )
      console.log(records.length + " row")`
    )
    assert.include(said, "1 row")
  })
})
