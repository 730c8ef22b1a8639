const ownFlags = new Set(["--help", "-h", "--version", "--wizard", "--completions"])

/** The arguments of the process with their command named: `causeway --port 9000` is `causeway serve --port 9000`. */
export const withCommand = ([node = "", script = "", ...args]: ReadonlyArray<string>): ReadonlyArray<string> => {
  const [first] = args
  const implied = first === undefined || (first.startsWith("-") && !ownFlags.has(first))
  return [node, script, ...(implied ? ["serve"] : []), ...args]
}

/** The word in the place of the command. */
export const commandOf = ([, , command = ""]: ReadonlyArray<string>): string => command
