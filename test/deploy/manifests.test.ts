import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as ConfigFile from "../../src/config/ConfigFile.js"
import * as StopDeadline from "../../src/domain/config/StopDeadline.js"
import * as Temp from "../support/Temp.js"
import * as Manifests from "./Manifests.js"
import * as Programs from "./Programs.js"

const folders = ["base", "ingress", "several"] as const

const config = ConfigFile.parse("config.yaml", fs.readFileSync(`${Manifests.root}base/config.yaml`, "utf8"))

const Probe = Schema.Struct({
  httpGet: Schema.Struct({ path: Schema.String }),
  periodSeconds: Schema.Number,
  failureThreshold: Schema.Number,
  timeoutSeconds: Schema.optionalWith(Schema.Number, { default: () => 1 })
})

/** What has to fit together of the StatefulSet. */
const StatefulSet = Schema.Struct({
  spec: Schema.Struct({
    replicas: Schema.Number,
    serviceName: Schema.String,
    template: Schema.Struct({
      spec: Schema.Struct({
        terminationGracePeriodSeconds: Schema.Number,
        containers: Schema.Tuple(
          Schema.Struct({
            image: Schema.String,
            startupProbe: Probe,
            livenessProbe: Probe,
            readinessProbe: Probe,
            volumeMounts: Schema.Array(
              Schema.Struct({ name: Schema.String, mountPath: Schema.String, subPath: Schema.optional(Schema.String) })
            )
          })
        )
      })
    })
  })
})

const setIn = (manifests: ReadonlyArray<Manifests.Manifest>) =>
  Schema.decodeUnknownSync(StatefulSet)(manifests.find(({ type }) => type === "apps/v1/StatefulSet")?.object)

describe("the manifests for Kubernetes", () => {
  it.scoped("are what its schemas take, and a misspelled field is none", () =>
    Effect.gen(function* () {
      const manifests = folders.flatMap(Manifests.resourcesOf)
      assert.isAbove(manifests.length, 6)
      const wrong = Manifests.parse(
        [
          "apiVersion: v1\nkind: Service\nmetadata: { name: a }\nspec: { selectors: {} }",
          "apiVersion: v1\nkind: Service\nmetadata: { name: b }\nspec: { ports: [{ port: 80.5 }] }"
        ].join("\n---\n")
      )
      const [misspelled, mistaken, ...others] = Manifests.problems(yield* Temp.directory, [...manifests, ...wrong])
      assert.match(misspelled ?? "", /selectors/)
      assert.match(mistaken ?? "", /v1\/Service b: .*integer/)
      assert.deepStrictEqual(others, [])
    })
  )

  it("name each other's files, all of them", () => {
    for (const folder of folders) {
      const named = Manifests.filesOf(folder)
      for (const file of named) assert.isTrue(fs.existsSync(`${Manifests.root}${folder}/${file}`), file)
      assert.sameMembers(
        Temp.names(`${Manifests.root}${folder}`).filter((name) => name !== "kustomization.yaml"),
        named.filter((name) => !name.startsWith(".."))
      )
    }
  })

  it.effect("give what runs the time that the gateway takes to stop", () =>
    Effect.gen(function* () {
      const { server } = yield* config
      const { containers, terminationGracePeriodSeconds } = setIn(Manifests.resourcesOf("base")).spec.template.spec
      assert.isAbove(terminationGracePeriodSeconds, Duration.toSeconds(StopDeadline.of(server)))
      const [{ livenessProbe, readinessProbe, startupProbe }] = containers
      assert.strictEqual(readinessProbe.httpGet.path, "/ready")
      assert.strictEqual(livenessProbe.httpGet.path, "/health")
      assert.strictEqual(startupProbe.httpGet.path, "/health")
      // It is seen to be draining before it drains.
      const seen = readinessProbe.periodSeconds * readinessProbe.failureThreshold + readinessProbe.timeoutSeconds
      assert.isAbove(Duration.toSeconds(server.readyDelay), seen)
      // A gateway that is only busy, or whose log is, is not restarted.
      assert.isAtLeast(livenessProbe.periodSeconds * livenessProbe.failureThreshold, 60)
    })
  )

  it("mount the configuration as a folder, which changes with it, at the place where the image looks", () => {
    const [{ volumeMounts }] = setIn(Manifests.resourcesOf("base")).spec.template.spec.containers
    const mount = volumeMounts.find(({ name }) => name === "config")
    assert.deepStrictEqual(mount, { name: "config", mountPath: "/etc/causeway" })
    const image = fs.readFileSync(new URL("../../deploy/Dockerfile", import.meta.url), "utf8")
    assert.include(image, `CAUSEWAY_CONFIG=${mount?.mountPath}/config.yaml`)
    assert.include(image, `RECD_PATH=${volumeMounts.find(({ name }) => name === "data")?.mountPath}/record.db`)
  })

  it.scoped.skipIf(Programs.find("kubectl") === undefined)(
    Programs.titled("are rendered by Kustomize, and what comes of it is valid, too", "kubectl"),
    () =>
      Effect.gen(function* () {
        const { base, ingress, several } = {
          base: Manifests.rendered("base"),
          ingress: Manifests.rendered("ingress"),
          several: Manifests.rendered("several")
        }
        const all = [...base, ...ingress, ...several]
        assert.deepStrictEqual(Manifests.problems(yield* Temp.directory, all), [])
        const types = (manifests: ReadonlyArray<Manifests.Manifest>) => manifests.map(({ type }) => type)
        assert.includeMembers(types(base), ["v1/ConfigMap", "v1/Service", "networking.k8s.io/v1/NetworkPolicy"])
        assert.includeMembers(types(ingress), ["networking.k8s.io/v1/Ingress", ...types(base)])
        assert.includeMembers(types(several), ["policy/v1/PodDisruptionBudget", ...types(base)])
        // The name in the pod's volume is that of the map.
        assert.include(
          base.map(({ name, type }) => `${type} ${name}`),
          "v1/ConfigMap causeway"
        )
        assert.strictEqual(setIn(several).spec.replicas, 3)
        assert.strictEqual(setIn(base).spec.replicas, 1)
        assert.strictEqual(setIn(base).spec.template.spec.containers[0].image, "registry.example.com/causeway:0.1.0")
      })
  )
})
