/**
 * First weights: drawn, written down, or made of what the recipe before gave.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import type * as I from '../../spec/infer'
import type { Recipe } from '../../spec/recipe'
import * as Key from '../random/key'
import { behind, embed } from '../weights/closed-form'
import { initialise } from '../weights/initialise'
import { validate, type Weights } from '../weights/weights'
import { widen } from '../weights/widen'
import type { Result } from './context'
import { trainError } from './state'
import { flatten, unflatten } from './vector'

const withNoise = (typed: I.Typed, n: number, weights: Weights, noise: number, key: Key.Key): Weights => {
  const theta = flatten(typed, n, weights)
  const draws = Key.normal(key, theta.length)
  return unflatten(
    typed,
    n,
    theta.map((value, k) => value + noise * draws[k]!)
  )
}

/** The weights of an independent start; the first is start 0. `base` are those that the recipe before gave. */
export const firstWeights = (
  recipe: Recipe,
  typed: I.Typed,
  base: Weights | null,
  key: Key.Key,
  start: number
): Result<Weights> => {
  const n = typed.n ?? 1
  const own = Key.fold(Key.fold(key, 'start'), start)
  const from = recipe.start
  switch (from._tag) {
    case 'random':
      return E.right(initialise(typed, n, own, from.scale))
    case 'closedForm':
      return pipe(
        embed(typed.model, from.kappa),
        E.mapLeft((reason) => trainError(`recipe ${recipe.name}: start from the closed form: ${reason}`)),
        E.map((weights) => withNoise(typed, n, weights, from.noise, own))
      )
    case 'continued':
      if (base === null) throw new Error('internal: a continued start without the weights that it is from')
      return pipe(
        validate(typed, n, base),
        E.mapLeft((reason) => trainError(`recipe ${recipe.name}: start from ${from.from.name}: ${reason}`))
      )
    case 'widened':
      if (base === null) throw new Error('internal: a widened start without the weights that it is from')
      return pipe(
        widen(from.from.model, base, typed.model),
        E.mapLeft((reason) => trainError(`recipe ${recipe.name}: start from ${from.from.name}: ${reason}`)),
        E.map((weights) => withNoise(typed, n, weights, from.noise, own))
      )
    case 'behindClosedForm':
      if (base === null) throw new Error('internal: a start behind the closed form without the weights behind it')
      return pipe(
        behind(typed.model, from.kappa, { model: from.from.model, weights: base }),
        E.mapLeft((reason) => trainError(`recipe ${recipe.name}: start behind the closed form: ${reason}`)),
        E.map((weights) => withNoise(typed, n, weights, from.noise, own))
      )
  }
}

/** Whether more than one start of a recipe's first stage begins from what the recipe before gave. */
export const startsAgain = ({ start, stages: [first] }: Recipe): boolean =>
  'from' in start && first !== undefined && first._tag !== 'adam' && first.starts > 1
