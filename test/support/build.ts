import { execFile } from "node:child_process"
import { promisify } from "node:util"
import type { TestProject } from "vitest/node"

const build = async () => {
  await promisify(execFile)("npm", ["run", "--silent", "build"], { cwd: new URL("../..", import.meta.url).pathname })
}

/** Builds what runs in processes and threads of its own, before the tests and again when sources change. */
export default async (project: TestProject): Promise<void> => {
  await build()
  project.onTestsRerun(build)
}
