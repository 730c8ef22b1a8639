import type { Backend } from "./Backend.js"
import * as Glob from "../text/Glob.js"
import { oncePer } from "../text/OncePer.js"

/** What of a backend says which models it serves. */
export type Claims = Pick<Backend, "match" | "models">

/** Whether a backend serves what callers call by this name. */
export const serves = (claims: Claims, name: string): boolean =>
  Object.hasOwn(claims.models, name) || claimsOf(claims.match).some((glob) => Glob.fits(glob, name))

/** The model that a backend is asked for where a caller asks for this one. */
export const modelFor = ({ models }: Pick<Backend, "models">, name: string): string =>
  Object.hasOwn(models, name) ? (models[name] ?? name) : name

/** The names that a backend is known to serve; what else a keyword or a `*` stands for nobody knows. */
export const namesOf = ({ match, models }: Claims): ReadonlyArray<string> => {
  const exact = match.type === "exact" ? match.value.filter((value) => !value.includes("*")) : []
  return [...new Set([...Object.keys(models), ...exact])]
}

/** Whether a backend serves no other names than the known ones. */
export const isListed = ({ match }: Pick<Backend, "match">): boolean =>
  match.type === "exact" && !match.value.some((value) => value.includes("*"))

/** For each claim of a backend a name that it stands for. */
export const samplesOf = ({ match, models }: Claims): ReadonlyArray<string> => [
  ...Object.keys(models),
  ...(match.type === "any" ? [""] : match.value.map((value) => value.replaceAll("*", "")))
]

/** What a value of a match stands for. */
export const globOf = (type: Backend["match"]["type"], value: string): Glob.Glob =>
  Glob.parse(type === "keyword" ? `*${value}*` : type === "any" ? "*" : value)

/** What a match stands for, a pattern for each of its values. */
export const claimsOf = oncePer(({ type, value }: Backend["match"]) =>
  type === "any" ? [globOf(type, "")] : value.map((each) => globOf(type, each))
)
