import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import ts from "typescript"
import * as Yaml from "yaml"
import * as JsonObject from "../../src/domain/json/JsonObject.js"
import * as Programs from "./Programs.js"

/** The folder of what is shipped for Kubernetes. */
export const root = new URL("../../deploy/k8s/", import.meta.url).pathname

/** One object of a manifest. */
export interface Manifest {
  /** Its group and version, and its kind, such as `apps/v1/StatefulSet`. */
  readonly type: string
  readonly name: string
  readonly object: JsonObject.JsonObject
}

/** The objects in a text of YAML. */
export const parse = (text: string): ReadonlyArray<Manifest> =>
  Yaml.parseAllDocuments(text).map((document) => {
    const object = JsonObject.orEmpty(document.toJS())
    const metadata = JsonObject.orEmpty(object["metadata"])
    return {
      type: `${String(object["apiVersion"])}/${String(object["kind"])}`,
      name: String(metadata["name"]),
      object
    }
  })

const kustomizationOf = (folder: string): JsonObject.JsonObject =>
  JsonObject.orEmpty(Yaml.parse(fs.readFileSync(`${root}${folder}/kustomization.yaml`, "utf8")))

const resourcesIn = (folder: string): ReadonlyArray<string> =>
  JsonObject.listOf(kustomizationOf(folder)["resources"]).map(String)

/** What an overlay or the base is made of: each file and folder that its Kustomization names. */
export const filesOf = (folder: string): ReadonlyArray<string> => {
  const kustomization = kustomizationOf(folder)
  const within = (key: string) => JsonObject.listOf(kustomization[key]).map(JsonObject.orEmpty)
  const generated = within("configMapGenerator").flatMap((each) => JsonObject.listOf(each["files"]))
  const patches = within("patches").map((each) => each["path"])
  return [...resourcesIn(folder), ...generated.map(String), ...patches.map(String)]
}

/** The objects of a folder's resources, as they are written. */
export const resourcesOf = (folder: string): ReadonlyArray<Manifest> =>
  resourcesIn(folder)
    .filter((file) => file.endsWith(".yaml"))
    .flatMap((file) => parse(fs.readFileSync(`${root}${folder}/${file}`, "utf8")))

/** The objects that Kustomize makes of a folder. */
export const rendered = (folder: string): ReadonlyArray<Manifest> => {
  const { err, ok, out } = Programs.run("kubectl", ["kustomize", `${root}${folder}`])
  if (!ok) throw new Error(err)
  return parse(out)
}

/**
 * What Kubernetes' schemas have against these objects: a field that they do not know or of another type, which the
 * compiler finds, and a value that is none, which the validators of the same package find.
 */
export const problems = (folder: string, manifests: ReadonlyArray<Manifest>): ReadonlyArray<string> => {
  fs.symlinkSync(new URL("../../node_modules", import.meta.url).pathname, `${folder}/node_modules`)
  const lines = manifests.map(({ name, object: { apiVersion: _, kind: __, ...fields }, type }, at) => {
    const said = JSON.stringify(`${type} ${name}`)
    return [
      `import { ${type.split("/").at(-1)} as Model${at} } from "kubernetes-models/${type}"`,
      `const data${at}: ConstructorParameters<typeof Model${at}>[0] = ${JSON.stringify(fields, null, 2)}`,
      `try { new Model${at}(data${at}).validate() }`,
      `catch (cause) { console.log(${said} + ": " + String(cause)) }`
    ].join("\n")
  })
  const file = `${folder}/manifests.mts`
  fs.writeFileSync(file, lines.join("\n"))
  const options: ts.CompilerOptions = {
    strict: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ["node"],
    skipLibCheck: true
  }
  const program = ts.createProgram({ rootNames: [file], options })
  const errors = ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "))
  program.emit()
  const said = execFileSync(process.execPath, [`${folder}/manifests.mjs`], { encoding: "utf8" })
  return [...errors, ...said.split("\n").filter((line) => line !== "")]
}
