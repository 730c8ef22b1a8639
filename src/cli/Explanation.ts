import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { Backend } from "../domain/backend/Backend.js"
import type { Ask } from "../domain/chat/Ask.js"
import * as Credentials from "../domain/backend/Credentials.js"
import * as ServedModels from "../domain/backend/ServedModels.js"
import * as RoutePlan from "../domain/routing/RoutePlan.js"
import * as RouteTable from "../domain/routing/RouteTable.js"
import * as Glob from "../domain/text/Glob.js"
import * as Weighting from "../domain/routing/Weighting.js"
import * as SentRequest from "./SentRequest.js"

/** Where a request would go and why: its stages, each tried when all of those before have failed. */
export interface Explanation {
  readonly model: string
  readonly stream: boolean
  readonly stages: ReadonlyArray<Stage>
}

/** The backends of the requested model, or of a fallback. */
export interface Stage {
  /** The fallback's name and the backends that have it; null for the requested model. */
  readonly fallback: { readonly to: string; readonly of: ReadonlyArray<string> } | null
  readonly candidates: ReadonlyArray<Candidate>
}

/** A backend that may be asked, with the request that it would get. */
export interface Candidate {
  readonly backend: string
  /** The model that it is asked for. */
  readonly model: string
  /**
   * The value of its match that takes the model (a `glob` is one of `exact` with a `*`), the name that its `models` have
   * another one for, or its own name where a fallback calls it by that.
   */
  readonly because: {
    readonly type: "exact" | "keyword" | "glob" | "any" | "models" | "name"
    readonly value: string
  }
  readonly priority: number
  /** The probability that it is the first of its stage, from 0 to 1. */
  readonly first: number
  readonly key: "configured" | "caller" | "none"
  /** Null when the request is refused, which `refused` then says why. */
  readonly request: SentRequest.SentRequest | null
  readonly refused: string | null
}

/** Explains the route of a request; without stages when no backend serves its model. */
export const make = (routes: RouteTable.RouteTable, ask: Ask): Explanation => {
  // Equal draws give the likeliest order: the heavier first.
  const stages = RoutePlan.stages(routes, ask.operation, ask.model, () => 0.5).filter(({ fresh }) => fresh.length > 0)
  return {
    model: ask.model,
    stream: ask.stream,
    stages: stages.map(({ fallback, fresh, siblings }) => {
      const named = fallback !== undefined && routes.match(ask.operation, fallback).length === 0
      const shares = Weighting.shares(siblings, RoutePlan.weightOf)
      return {
        fallback: fallback === undefined ? null : { to: fallback, of: fallingTo(fallback, routes.backends) },
        candidates: fresh.map((target) => candidate(target, named, shares[siblings.indexOf(target)] ?? 0, ask))
      }
    })
  }
}

const fallingTo = (fallback: string, backends: ReadonlyArray<Backend>): ReadonlyArray<string> =>
  backends.filter((backend) => Option.contains(backend.fallback, fallback)).map(({ name }) => name)

const candidate = (target: RouteTable.Target, named: boolean, first: number, ask: Ask): Candidate => {
  const { backend, model } = target
  const sent = SentRequest.make(ask, target)
  return {
    backend: backend.name,
    model,
    because: named ? { type: "name", value: backend.name } : reason(target),
    priority: backend.weight,
    first,
    key: Credentials.takesCallers(backend) ? "caller" : Credentials.hasKey(backend) ? "configured" : "none",
    request: Option.getOrNull(Either.getRight(sent)),
    refused: Option.getOrNull(Option.map(Either.getLeft(sent), ({ message }) => message))
  }
}

const reason = (target: RouteTable.Target): Candidate["because"] => {
  const { match, models } = target.backend
  const name = RouteTable.nameOf(target)
  if (Object.hasOwn(models, name)) return { type: "models", value: name }
  const { type, value } = match
  const taken = value.find((each) => Glob.fits(ServedModels.globOf(type, each), name)) ?? name
  return { type: type === "exact" && taken !== name ? "glob" : type, value: taken }
}
