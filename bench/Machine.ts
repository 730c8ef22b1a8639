import * as os from "node:os"

/** The machine in words: cores, processor, memory, system, Node. */
export const describe = (): string => {
  const [cpu] = os.cpus()
  const memory = Math.round(os.totalmem() / 2 ** 30)
  return `${os.cpus().length} cores, ${cpu?.model ?? "unknown processor"}, ${memory} GB, ${os.type()}, Node ${process.version}`
}
