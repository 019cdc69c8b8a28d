/**
 * Models in the paper's convention of weights, departures from it, and what becomes of their all-ones terms.
 */
import * as E from 'fp-ts/Either'

import * as F from '../../../spec/family'
import * as R from '../../../spec/recipe'
import { blockLinear } from '../../../spec/zoo/block-linear'
import type { Weights } from '../../weights/weights'
import { closedFormModel, shippedModel, type Weighted } from '../answers'
import type { RowContext } from '../row'

// --- recipes ---------------------------------------------------------------------------------------------------------

/** A recipe, or its beginning alone. */
type Cut = (quick: boolean) => R.Recipe

const trainedOn = (name: string, model: R.Recipe['model'], sizes: F.Family['sizes']): Cut => {
  const family = F.spd({ kappa: 5, sizes })
  return (quick) =>
    R.make({
      name: quick ? `${name}-quick` : name,
      model,
      start: R.random(),
      stages: [
        quick
          ? R.levenbergMarquardt({ family, systems: 4, iterations: 40, redraw: 10 })
          : R.levenbergMarquardt({ family, systems: 16, iterations: 400, redraw: 10 })
      ],
      seed: 1,
      valid: family
    })
}

const nine = { low: 9, high: 9 }

const paper = blockLinear({ layers: 3, identityBlocks: 3, allOnes: true, query: 'paper', bScale: null })

/** All 82 scalars a layer, at N = 9 alone. */
const single: Cut = trainedOn('block-82-single', paper, nine)

/** All 82 scalars a layer, on sizes from 2 to 9. */
const joint: Cut = trainedOn('block-82-joint', paper, { low: 2, high: 9 })

/** All-ones terms divided by their norm, at N = 9 alone. */
const onesOverN: Cut = trainedOn(
  'block-82-over-n',
  blockLinear({ layers: 3, identityBlocks: 3, allOnes: true, muScale: 'n', query: 'paper', bScale: null }),
  nine
)

/** No all-ones terms, and b scaled to a tiny norm: 34 scalars a layer, at N = 9 alone. */
const lean: Cut = trainedOn('block-34-single', blockLinear({ layers: 3, identityBlocks: 3 }), nine)

// --- all-ones terms --------------------------------------------------------------------------------------------------

const isOnes = (name: string): boolean => /\.(?:mu2|column|row)$/.test(name)

/** The same weights with every all-ones term zero. */
const withoutOnes = (weights: Weights): Weights =>
  Object.fromEntries(Object.entries(weights).map(([name, a]) => [name, isOnes(name) ? a.map(() => 0) : a]))

const largest = (weights: Weights, ending: string): number =>
  Object.entries(weights)
    .filter(([name]) => name.endsWith(ending))
    .reduce((most, [, a]) => a.reduce((m, v) => Math.max(m, Math.abs(v)), most), 0)

/** `max |mu2| / max |mu1|`; zero without all-ones terms. */
export const onesSize = (weights: Weights): number => largest(weights, '.mu2') / (largest(weights, '.mu1') || 1)

// --- models ----------------------------------------------------------------------------------------------------------

export interface Entrant extends Weighted {
  /** The largest size and condition number that it was made for; null where it does not depend on the size. */
  readonly n: number | null
  readonly kappa: number
}

/** The largest size trained on. */
export const most = 9

const trained = async (c: RowContext, recipe: R.Recipe, name: string): Promise<E.Either<string, Entrant>> => {
  const run = await c.train(recipe, c.seed)
  return E.isLeft(run) ? run : E.right({ name, model: recipe.model, weights: run.right.weights, n: most, kappa: 5 })
}

export const names = {
  single: '82 scalars, N = 9',
  zeroed: '82 scalars, N = 9, ones zeroed',
  overN: '82 scalars, N = 9, mu2 / N',
  joint: '82 scalars, N in [2, 9]',
  lean: '34 scalars, no ones, N = 9'
}

/** The recipes that `entrants` follows, by name. */
export const recipes = (quick: boolean): readonly string[] =>
  [single, onesOverN, joint, lean].map((recipe) => recipe(quick).name)

export const entrants = async (c: RowContext): Promise<E.Either<string, readonly Entrant[]>> => {
  const found: Entrant[] = []
  for (const [recipe, name] of [
    [single, names.single],
    [onesOverN, names.overN],
    [joint, names.joint],
    [lean, names.lean]
  ] as const) {
    const one = await trained(c, recipe(c.quick), name)
    if (E.isLeft(one)) return one
    found.push(one.right)
    if (name !== names.single) continue
    found.push({ ...one.right, name: names.zeroed, weights: withoutOnes(one.right.weights) })
  }
  for (const [name, kappa] of [
    ['block-linear-2', 5],
    ['block-linear-3', 5],
    ['block-linear-4-universal', 100]
  ] as const) {
    const one = await shippedModel(name)
    if (E.isLeft(one)) return one
    found.push({ ...one.right, n: null, kappa })
  }
  for (const [layers, kappa] of [
    [3, 5],
    [4, 100]
  ] as const) {
    const one = closedFormModel(layers, kappa)
    if (E.isLeft(one)) return one
    found.push({ ...one.right, n: null, kappa })
  }
  return E.right(found)
}
