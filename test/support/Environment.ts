/** Every `${VAR}` without a default that a text names, each with a value: what an operator would set for it. */
export const forText = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = ""]) => [name, `${name.toLowerCase().replaceAll("_", "-")}-1`])
  )
